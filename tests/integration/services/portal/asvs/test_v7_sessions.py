"""ASVS 5.0, chapter 7: a session is new at each sign-in, and ends when it must, at once and for everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from ..people import PASSWORD, People, PortalUser

PROFILE = "/api/auth/profile"


def cookie(browser: FlaskClient) -> str:
    found = browser.get_cookie("session")
    assert found is not None
    return found.value


def thief(app: Flask, stolen: str) -> int:
    """What somebody gets who kept a cookie."""
    client = app.test_client()
    client.set_cookie("session", stolen)
    return client.get(PROFILE).status_code


def age(engine: Engine, **passed: float) -> None:
    """Let time pass for every session."""
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
def test_a_sign_in_makes_a_new_session_and_ends_the_one_before(app: Flask, people: People, engine: Engine) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    before = cookie(browser)
    assert browser.post("/login", data={"email": ana.email, "password": PASSWORD}).status_code == 303
    assert [thief(app, before), thief(app, cookie(browser))] == [401, 200]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM user_sessions")).scalar_one() == 1


@pytest.mark.asvs("7.2.4")
def test_nobody_chooses_the_session_of_another(app: Flask, people: People) -> None:
    """A session that was put into a browser is not the one that its owner's sign-in opens."""
    ana, eva = people.new(), people.new()
    planted, _ = people.browser(eva)
    victim = app.test_client()
    victim.set_cookie("session", cookie(planted))
    victim.post("/login", data={"email": ana.email, "password": PASSWORD})
    assert cookie(victim) != cookie(planted)
    assert (victim.get(PROFILE).json or {})["email"] == ana.email
    assert thief(app, cookie(planted)) == 401


@pytest.mark.asvs("7.3.1")
def test_a_session_ends_when_it_is_not_used_for_an_hour(app: Flask, people: People, engine: Engine) -> None:
    browser, _ = people.browser(people.new())
    age(engine, minutes=50)
    assert browser.get(PROFILE).status_code == 200
    age(engine, minutes=50)
    assert browser.get(PROFILE).status_code == 200
    age(engine, minutes=70)
    assert browser.get(PROFILE).status_code == 401


@pytest.mark.asvs("7.3.2")
def test_a_session_ends_after_half_a_day_however_much_it_is_used(people: People, engine: Engine) -> None:
    browser, _ = people.browser(people.new())
    for _ in range(14):
        age(engine, minutes=50)
        assert browser.get(PROFILE).status_code == 200
    age(engine, minutes=50)
    assert browser.get(PROFILE).status_code == 401
