"""Error pages: in the chosen language and with links, even when the database is unreachable."""

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
def own_app(start_app: Callable[..., Flask], portal_environment: PortalEnvironment) -> Flask:
    """An application that the test may modify."""
    return start_app(portal_environment, reuse=False)


@pytest.mark.parametrize("status", HEADINGS)
def test_error_pages_are_localized_and_have_links(own_app: Flask, status: int) -> None:
    def fail() -> str:
        if status == 500:
            raise RuntimeError("a bug")
        raise ApiError(HTTPStatus(status), "The contract's text")

    own_app.add_url_rule("/fails", "fails", fail)
    client = own_app.test_client()
    for language, heading in zip(("es", "en"), HEADINGS[status], strict=True):
        client.set_cookie("language", language)
        answer = client.get("/fails")
        page_elements = elements(answer.text)
        assert answer.status_code == status and f'<html lang="{language}">' in answer.text
        assert [element.text for element in page_elements if element.tag == "h1"] == [heading]
        assert f'<span class="code" aria-hidden="true">{status}</span>' in answer.text
        assert {"/", "/gallery"} <= {element.attributes.get("href") for element in page_elements}
        assert "a bug" not in answer.text and "contract" not in answer.text


def test_too_large_form_gets_an_error_page(own_app: Flask) -> None:
    people = People(own_app)
    browser, csrf = people.browser(people.new())
    own_app.config["MAX_CONTENT_LENGTH"] = 1000
    for client, path in ((own_app.test_client(), "/login"), (browser, "/profile/password"), (browser, "/language")):
        answer = client.post(path, data={"csrf_token": csrf, "email": "x" * 2000})
        assert answer.status_code == 413 and "Demasiado grande" in answer.text


def test_unknown_page_returns_404(client: FlaskClient) -> None:
    answer = client.get("/nothing-here")
    assert answer.status_code == 404
    assert "Fuera de la cancha" in answer.text and 'href="/gallery"' in answer.text


def test_error_page_works_without_the_database(app_without: Callable[[str], Flask]) -> None:
    app = app_without("database")
    client = app.test_client()
    client.set_cookie("language", "en")
    answer = client.get("/gallery")
    assert answer.status_code == 503
    assert "Time out" in answer.text and "Nothing is lost" in answer.text


def test_error_page_hides_sign_in_state_without_the_database(
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
    # The session's state is unknown, so the page offers neither sign-in nor sign-out.
    for answer in (failed, missing):
        assert 'href="/login"' not in answer.text and 'action="/logout"' not in answer.text
    assert 'action="/logout"' in browser.get("/nothing-here").text
    assert 'href="/login"' in app.test_client().get("/nothing-here").text


@pytest.mark.parametrize("query", ["page=abc", "city=a%00b"])
def test_invalid_query_returns_400(query: str, client: FlaskClient) -> None:
    answer = client.get(f"/rankings?{query}")
    assert answer.status_code == 400
    assert "Eso no funcionó" in answer.text


def test_api_errors_stay_json(client: FlaskClient) -> None:
    assert client.get("/api/videos").json == {"message": "", "error": "Authorization header required"}
