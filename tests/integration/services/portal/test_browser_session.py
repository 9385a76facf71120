"""Browser sessions: an HttpOnly cookie, a CSRF token, and immediate revocation at logout."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.http import parse_cookie

from services.environment import PortalEnvironment

from .people import People

PROFILE = "/api/auth/profile"
NO_CSRF = {"message": "", "error": "Missing or invalid CSRF token"}


def test_session_cookie_and_bearer_token_read_the_same(people: People) -> None:
    person = people.new()
    browser, _ = people.browser(person)
    assert browser.get(PROFILE).json == person.get(PROFILE).json


@pytest.mark.asvs("3.5.1")
def test_post_needs_the_csrf_token_in_a_header(people: People) -> None:
    browser, csrf = people.browser(people.new())
    assert (browser.post("/api/auth/logout").status_code, browser.post("/api/auth/logout").json) == (403, NO_CSRF)
    assert browser.post("/api/auth/logout", headers={"X-CSRF-TOKEN": csrf}).status_code == 200


def test_csrf_token_is_accepted_in_a_form_field(people: People) -> None:
    browser, csrf = people.browser(people.new())
    assert browser.post("/api/auth/logout", data={"csrf_token": csrf}).status_code == 200


@pytest.mark.parametrize("wrong", ["x", "é"])
def test_wrong_csrf_token_returns_403(people: People, wrong: str) -> None:
    browser, _ = people.browser(people.new())
    answer = browser.post("/api/auth/logout", data={"csrf_token": wrong})
    assert (answer.status_code, answer.json) == (403, NO_CSRF)


def test_csrf_token_of_another_session_returns_403(people: People) -> None:
    person = people.new()
    browser, _ = people.browser(person)
    _, other = people.browser(person)
    assert browser.post("/api/auth/logout", headers={"X-CSRF-TOKEN": other}).status_code == 403


@pytest.mark.asvs("3.5.1")
def test_bearer_token_beside_a_cookie_needs_no_csrf_token(people: People) -> None:
    person = people.new()
    browser, _ = people.browser(person)
    assert browser.post("/api/auth/logout", headers=person.headers).status_code == 200


@pytest.mark.asvs("7.4.1")
@pytest.mark.parametrize("path", ["/api/auth/logout", "/logout"])
def test_cookie_is_rejected_on_every_instance_after_logout(
    app: Flask,
    people: People,
    start_app: Callable[[PortalEnvironment], Flask],
    portal_environment: PortalEnvironment,
    path: str,
) -> None:
    person = people.new()
    browser, csrf = people.browser(person)
    cookie = browser.get_cookie("session")
    assert cookie is not None
    other_instance = start_app(portal_environment)
    for instance in (app, other_instance):
        attacker = instance.test_client()
        attacker.set_cookie("session", cookie.value)
        assert attacker.get(PROFILE).status_code == 200
    answer = browser.post(path, data={"csrf_token": csrf})
    assert answer.status_code in (200, 303)
    assert {
        value
        for line in answer.headers.getlist("Set-Cookie")
        for name, value in parse_cookie(line.split(";")[0]).items()
        if name in ("session", "csrf")
    } == {""}
    for instance in (app, other_instance):
        attacker = instance.test_client()
        attacker.set_cookie("session", cookie.value)
        refused = attacker.get(PROFILE)
        assert (refused.status_code, refused.json) == (401, {"message": "", "error": "Invalid or expired token"})


def test_logout_ends_only_the_current_session(people: People) -> None:
    person = people.new()
    phone, _ = people.browser(person)
    laptop, csrf = people.browser(person)
    laptop.post("/api/auth/logout", headers={"X-CSRF-TOKEN": csrf})
    assert phone.get(PROFILE).status_code == 200


def test_database_stores_a_session_hash_and_not_the_token(people: People, engine: Engine) -> None:
    person = people.new()
    people.browser(person)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT user_id, session_token, user_agent FROM user_sessions")).one()
    assert (row.user_id, row.user_agent) == (person.id, "a browser")
    assert len(row.session_token) == 64 and row.session_token not in person.token


def test_api_login_sets_no_cookie(people: People) -> None:
    person = people.new()
    answer = person.client.post("/api/auth/login", json={"email": person.email, "password": "correct horse battery"})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
