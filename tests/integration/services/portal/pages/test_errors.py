"""Error pages: in the person's language, with a way on, also when the database is what failed."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.environment import PortalEnvironment
from services.portal.http.errors import ApiError

from ..asvs.markup import elements
from ..people import People

HEADINGS = {
    400: ("Eso no funcionó", "That did not work"),
    403: ("No puedes hacer esto", "You may not do this"),
    404: ("Fuera de la cancha", "Out of bounds"),
    413: ("Demasiado grande", "Too large"),
    429: ("Con calma", "Not so fast"),
    500: ("Falta nuestra", "Foul on us"),
    503: ("Tiempo fuera", "Time out"),
}


@pytest.fixture
def changed_app(start_app: Callable[..., Flask], portal_environment: PortalEnvironment) -> Flask:
    """An application that the test may change."""
    return start_app(portal_environment, reuse=False)


@pytest.mark.parametrize("status", HEADINGS)
def test_every_error_is_a_page_in_the_persons_language_with_a_way_on(changed_app: Flask, status: int) -> None:
    def fail() -> str:
        if status == 500:
            raise RuntimeError("a bug")
        raise ApiError(HTTPStatus(status), "The contract's text")

    changed_app.add_url_rule("/fails", "fails", fail)
    client = changed_app.test_client()
    for language, heading in zip(("es", "en"), HEADINGS[status], strict=True):
        client.set_cookie("language", language)
        answer = client.get("/fails")
        found = elements(answer.text)
        assert answer.status_code == status and f'<html lang="{language}">' in answer.text
        assert [element.text for element in found if element.tag == "h1"] == [heading]
        assert f'<span class="code" aria-hidden="true">{status}</span>' in answer.text
        assert {"/", "/gallery"} <= {element.attributes.get("href") for element in found}
        assert "a bug" not in answer.text and "contract" not in answer.text


def test_a_form_that_is_too_large_is_answered_by_a_page(changed_app: Flask) -> None:
    people = People(changed_app)
    browser, csrf = people.browser(people.new())
    changed_app.config["MAX_CONTENT_LENGTH"] = 1000
    for client, path in ((changed_app.test_client(), "/login"), (browser, "/profile/password"), (browser, "/language")):
        answer = client.post(path, data={"csrf_token": csrf, "email": "x" * 2000})
        assert answer.status_code == 413 and "Demasiado grande" in answer.text


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
    failed, missing = broken.get("/gallery"), broken.get("/nothing-here")
    assert failed.status_code == 503
    assert "Fuera de la cancha" in missing.text
    # Nor is it known to be somebody else's: nobody is asked to sign in who is.
    for answer in (failed, missing):
        assert 'href="/login"' not in answer.text and 'action="/logout"' not in answer.text
    assert 'action="/logout"' in browser.get("/nothing-here").text
    assert 'href="/login"' in app.test_client().get("/nothing-here").text


@pytest.mark.parametrize("query", ["page=abc", "city=a%00b"])
def test_a_query_that_makes_no_sense(query: str, client: FlaskClient) -> None:
    answer = client.get(f"/rankings?{query}")
    assert answer.status_code == 400
    assert "Eso no funcionó" in answer.text


def test_the_machines_keep_their_json(client: FlaskClient) -> None:
    assert client.get("/api/videos").json == {"message": "", "error": "Authorization header required"}
