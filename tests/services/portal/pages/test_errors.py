"""Error pages: in the person's language, with a way on, also when the database is what failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ..people import People


def test_a_missing_page(client: FlaskClient) -> None:
    answer = client.get("/nothing-here")
    assert answer.status_code == 404
    assert "Fuera de la cancha" in answer.text and 'href="/gallery"' in answer.text


def test_without_the_database_there_is_a_page_all_the_same(app_without: Callable[[str], Flask]) -> None:
    app = app_without("database")
    client = app.test_client()
    client.set_cookie("language", "en")
    answer = client.get("/gallery")
    assert answer.status_code == 503
    assert "Time out" in answer.text and "Nothing is lost" in answer.text


def test_a_session_cannot_be_read_without_the_database(
    app: Flask, people: People, app_without: Callable[[str], Flask]
) -> None:
    browser, _ = people.browser(people.new())
    session = browser.get_cookie("session")
    assert session is not None
    broken = app_without("database").test_client()
    broken.set_cookie("session", session.value)
    assert broken.get("/gallery").status_code == 503
    assert "Fuera de la cancha" in broken.get("/nothing-here").text


@pytest.mark.parametrize("query", ["page=abc", "city=a%00b"])
def test_a_query_that_makes_no_sense(query: str, client: FlaskClient) -> None:
    answer = client.get(f"/rankings?{query}")
    assert answer.status_code == 400
    assert "Eso no funcionó" in answer.text


def test_the_machines_keep_their_json(client: FlaskClient) -> None:
    assert client.get("/api/videos").json == {"message": "", "error": "Authorization header required"}
