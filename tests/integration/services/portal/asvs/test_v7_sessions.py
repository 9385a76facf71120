"""ASVS 5.0, chapter 7: every sign-in creates a new session, and sessions expire."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from ..people import PASSWORD, People, PortalUser

PROFILE = "/api/auth/profile"


def cookie(browser: FlaskClient) -> str:
    session = browser.get_cookie("session")
    assert session is not None
    return session.value


def replay_cookie(app: Flask, stolen: str) -> int:
    """Return the status of a request with a stolen cookie."""
    client = app.test_client()
    client.set_cookie("session", stolen)
    return client.get(PROFILE).status_code


def age_sessions(engine: Engine, **passed: float) -> None:
    """Move all sessions' timestamps into the past."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE user_sessions SET created_at = created_at - :passed, expires_at = expires_at - :passed, "
                "last_accessed_at = last_accessed_at - :passed"
            ),
            {"passed": timedelta(**passed)},
        )


def disable(engine: Engine, person: PortalUser) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = now() WHERE id = :id"), {"id": person.id})


@pytest.mark.asvs("7.2.4")
def test_sign_in_replaces_the_previous_session(app: Flask, people: People, engine: Engine) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    before = cookie(browser)
    assert browser.post("/login", data={"email": ana.email, "password": PASSWORD}).status_code == 303
    assert [replay_cookie(app, before), replay_cookie(app, cookie(browser))] == [401, 200]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM user_sessions")).scalar_one() == 1


@pytest.mark.asvs("7.2.4")
def test_sign_in_ignores_a_planted_session(app: Flask, people: People) -> None:
    """Session fixation: signing in does not reuse a session that an attacker put into the browser."""
    ana, eva = people.new(), people.new()
    planted, _ = people.browser(eva)
    victim = app.test_client()
    victim.set_cookie("session", cookie(planted))
    victim.post("/login", data={"email": ana.email, "password": PASSWORD})
    assert cookie(victim) != cookie(planted)
    assert (victim.get(PROFILE).json or {})["email"] == ana.email
    assert replay_cookie(app, cookie(planted)) == 401


@pytest.mark.asvs("7.3.1")
def test_session_expires_after_an_hour_of_inactivity(app: Flask, people: People, engine: Engine) -> None:
    browser, _ = people.browser(people.new())
    age_sessions(engine, minutes=50)
    assert browser.get(PROFILE).status_code == 200
    age_sessions(engine, minutes=50)
    assert browser.get(PROFILE).status_code == 200
    age_sessions(engine, minutes=70)
    assert browser.get(PROFILE).status_code == 401


@pytest.mark.asvs("7.3.2")
def test_session_expires_after_12_hours_of_use(people: People, engine: Engine) -> None:
    browser, _ = people.browser(people.new())
    for _ in range(14):
        age_sessions(engine, minutes=50)
        assert browser.get(PROFILE).status_code == 200
    age_sessions(engine, minutes=50)
    assert browser.get(PROFILE).status_code == 401
