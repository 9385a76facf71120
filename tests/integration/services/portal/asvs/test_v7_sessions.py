"""ASVS 5.0, chapter 7: a session is new at each sign-in, and ends when it must, at once and for everybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.environment import PortalEnvironment
from services.portal.resources import resources_of

from ..people import PASSWORD, People, Person

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


def disable(engine: Engine, person: Person) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = now() WHERE id = :id"), {"id": person.id})


def test_7_2_4_a_sign_in_makes_a_new_session_and_ends_the_one_before(app: Flask, people: People) -> None:
    ana = people.new()
    browser, _ = people.browser(ana)
    before = cookie(browser)
    assert browser.post("/login", data={"email": ana.email, "password": PASSWORD}).status_code == 303
    assert [thief(app, before), thief(app, cookie(browser))] == [401, 200]


def test_7_2_4_nobody_chooses_the_session_of_another(app: Flask, people: People) -> None:
    """A session that was put into a browser is not the one that its owner's sign-in opens."""
    ana, eva = people.new(), people.new()
    planted, _ = people.browser(eva)
    victim = app.test_client()
    victim.set_cookie("session", cookie(planted))
    victim.post("/login", data={"email": ana.email, "password": PASSWORD})
    assert cookie(victim) != cookie(planted)
    assert (victim.get(PROFILE).json or {})["email"] == ana.email
    assert thief(app, cookie(planted)) == 401


def test_7_2_4_each_bearer_token_is_another(people: People) -> None:
    ana = people.new()
    assert len({people.sign_in(ana.email) for _ in range(5)}) == 5


def test_7_3_1_a_session_ends_when_it_is_not_used_for_an_hour(app: Flask, people: People, engine: Engine) -> None:
    browser, _ = people.browser(people.new())
    age(engine, minutes=50)
    assert browser.get(PROFILE).status_code == 200
    age(engine, minutes=50)
    assert browser.get(PROFILE).status_code == 200
    age(engine, minutes=70)
    assert browser.get(PROFILE).status_code == 401


def test_7_3_2_a_session_ends_after_half_a_day_however_much_it_is_used(people: People, engine: Engine) -> None:
    browser, _ = people.browser(people.new())
    for _ in range(14):
        age(engine, minutes=50)
        assert browser.get(PROFILE).status_code == 200
    age(engine, minutes=50)
    assert browser.get(PROFILE).status_code == 401


def test_7_4_1_a_cookie_is_worth_nothing_after_the_logout_on_any_instance(
    app: Flask, people: People, start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    elsewhere = start_app(portal_environment)
    for path in ("/logout", "/api/auth/logout"):
        browser, csrf = people.browser(people.new())
        kept = cookie(browser)
        assert [thief(app, kept), thief(elsewhere, kept)] == [200, 200]
        assert browser.post(path, data={"csrf_token": csrf}).status_code in (200, 303)
        assert [thief(app, kept), thief(elsewhere, kept)] == [401, 401], path


@pytest.mark.parametrize(("revoking", "afterwards"), [(True, 401), (False, 200)])
def test_7_4_1_a_bearer_token_ends_with_it_where_the_operator_says_so(
    start_app: Callable[[PortalEnvironment], Flask],
    portal_environment: PortalEnvironment,
    revoking: bool,
    afterwards: int,
) -> None:
    """By the contract it outlives the logout; that is what is not met unless it is set."""
    people = People(start_app(dataclasses.replace(portal_environment, revoke_bearer_on_logout=revoking)))
    ana = people.new()
    assert ana.post("/api/auth/logout").status_code == 200
    assert ana.get(PROFILE).status_code == afterwards


def test_7_4_2_a_disabled_account_is_out_at_once(app: Flask, people: People, engine: Engine) -> None:
    ana, eva = people.new(), people.new()
    browser, _ = people.browser(ana)
    disable(engine, ana)
    assert browser.get(PROFILE).status_code == 401
    # What a process knows of bearer tokens is a second old at most.
    resources_of(app).revocations.forget()
    assert [ana.get(PROFILE).status_code, eva.get(PROFILE).status_code] == [401, 200]
    login = {"email": ana.email, "password": PASSWORD}
    assert app.test_client().post("/api/auth/login", json=login).status_code == 403


def test_7_4_3_a_new_password_ends_every_other_session_and_token(people: People) -> None:
    ana = people.new()
    here, csrf = people.browser(ana)
    phone, _ = people.browser(ana)
    new = {"current_password": PASSWORD, "password1": "a longer one", "password2": "a longer one"}
    assert here.post("/api/auth/password", json=new, headers={"X-CSRF-TOKEN": csrf}).status_code == 200
    assert [client.get(PROFILE).status_code for client in (here, phone)] == [200, 401]
    assert ana.get(PROFILE).status_code == 401


def test_7_4_5_a_moderator_ends_all_sessions_of_an_account(people: People, moderator: Person) -> None:
    ana = people.new()
    browsers = [people.browser(ana)[0] for _ in range(2)]
    because = {"reason": "a stolen account"}
    assert moderator.post(f"/api/moderation/users/{ana.id}/close", json=because).status_code == 200
    assert [client.get(PROFILE).status_code for client in browsers] == [401, 401]
    assert ana.get(PROFILE).status_code == 401
    assert moderator.get(PROFILE).status_code == 200
