"""Cross-site forms are rejected, with and without a session."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from ..people import PASSWORD, People

FORMS = ("/signup", "/login", "/logout", "/language")


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:81"])
def test_cross_site_form_returns_403(path: str, origin: str, client: FlaskClient) -> None:
    answer = client.post(path, headers={"Origin": origin}, data={"language": "en"})
    assert answer.status_code == 403
    assert "No puedes hacer esto" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_same_origin_form_is_accepted(client: FlaskClient, people: People) -> None:
    person = people.new()
    answer = client.post(
        "/login", headers={"Origin": "http://localhost"}, data={"email": person.email, "password": PASSWORD}
    )
    assert (answer.status_code, answer.location) == (303, "/gallery")


def test_api_accepts_bearer_tokens_from_any_origin(people: People) -> None:
    person = people.new()
    headers = person.headers
    headers["Origin"] = "https://client.example"
    assert person.client.post("/api/auth/logout", headers=headers).status_code == 200


def test_vote_form_needs_the_csrf_token(people: People, videos: object) -> None:
    browser, csrf = people.browser(people.new())
    path = "/videos/00000000-0000-4000-8000-000000000000/vote"
    refused = browser.post(path)
    assert refused.status_code == 403
    assert "la página estuvo abierta demasiado tiempo" in refused.text
    # A rejected form does not end the session.
    assert browser.get("/upload").status_code == 200
    assert browser.post(path, data={"csrf_token": csrf}).status_code == 303
