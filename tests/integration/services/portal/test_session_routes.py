"""GET and DELETE /api/auth/sessions, accounts that are disabled, and bearer tokens that end at the logout."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.environment import PortalEnvironment
from services.portal.resources import resources_of

from .people import PASSWORD, People

PATH, PROFILE = "/api/auth/sessions", "/api/auth/profile"
NO_SESSION = {"message": "", "error": "Session not found"}


def test_the_list_tells_where_the_caller_is_signed_in(people: People) -> None:
    ana = people.new()
    people.browser(people.new())
    here, _ = people.browser(ana)
    people.browser(ana)
    listed = here.get(PATH).json
    assert listed is not None
    assert [session["is_current"] for session in listed] == [True, False]
    assert set(listed[0]) == {"id", "address", "user_agent", "created_at", "last_seen_at", "is_current"}
    assert listed[0]["user_agent"] == "a browser"
    by_token = ana.get(PATH).json
    assert by_token is not None
    assert sorted(session["is_current"] for session in by_token) == [False, False]


def test_one_session_is_ended_at_once(people: People) -> None:
    ana = people.new()
    phone, _ = people.browser(ana)
    listed = phone.get(PATH).json
    assert listed is not None
    answer = ana.delete(f"{PATH}/{listed[0]['id']}")
    assert (answer.status_code, answer.json) == (200, {"message": "Session ended"})
    assert phone.get(PROFILE).status_code == 401


@pytest.mark.parametrize("session_id", ["0", "999999999", "99999999999999999999", "x", "-1", "1;2", "١"])
def test_a_session_that_is_not_there_is_missing(people: People, session_id: str) -> None:
    answer = people.new().delete(f"{PATH}/{session_id}")
    assert (answer.status_code, answer.json) == (404, NO_SESSION)


def test_a_session_of_another_is_as_good_as_missing(people: People) -> None:
    ana, eva = people.new(), people.new()
    browser, _ = people.browser(ana)
    listed = browser.get(PATH).json
    assert listed is not None
    answer = eva.delete(f"{PATH}/{listed[0]['id']}")
    assert (answer.status_code, answer.json) == (404, NO_SESSION)
    assert browser.get(PROFILE).status_code == 200


def test_all_others_are_ended_and_this_one_is_not(people: People) -> None:
    ana = people.new()
    here, csrf = people.browser(ana)
    phone, _ = people.browser(ana)
    answer = here.delete(PATH, headers={"X-CSRF-TOKEN": csrf})
    assert (answer.status_code, answer.json) == (200, {"message": "Sessions ended"})
    assert [browser.get(PROFILE).status_code for browser in (here, phone)] == [200, 401]
    # A bearer token is no session, and goes on.
    assert ana.get(PROFILE).status_code == 200
    ana.delete(PATH)
    assert here.get(PROFILE).status_code == 401


@pytest.mark.asvs("7.4.2")
def test_a_disabled_account_is_closed_at_once(client: FlaskClient, people: People, engine: Engine) -> None:
    ana, eva = people.new(), people.new()
    browser, _ = people.browser(ana)
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = now() WHERE id = :id"), {"id": ana.id})
    assert browser.get(PROFILE).status_code == 401
    # A bearer token holds for the second that the answer is kept; another process would ask now.
    resources_of(client.application).revocations.forget()
    assert [ana.get(PROFILE).status_code, eva.get(PROFILE).status_code] == [401, 200]
    login = {"email": ana.email, "password": PASSWORD}
    answer = client.post("/api/auth/login", json=login)
    assert (answer.status_code, answer.json) == (403, {"message": "", "error": "This account is disabled"})
    wrong = client.post("/api/auth/login", json={**login, "password": "a wrong guess"})
    assert (wrong.status_code, wrong.json) == (401, {"message": "", "error": "Invalid credentials"})
    client.set_cookie("language", "en")
    page = client.post("/login", data=login)
    assert page.status_code == 403 and "This account was closed by the organisers." in page.text


@pytest.mark.asvs("7.4.1")
@pytest.mark.parametrize(("revoking", "afterwards"), [(True, 401), (False, 200)])
def test_bearer_token_ends_at_logout_only_where_it_is_set(
    start_app: Callable[[PortalEnvironment], Flask],
    portal_environment: PortalEnvironment,
    revoking: bool,
    afterwards: int,
) -> None:
    """By the contract it outlives the logout; another token of the same account always does."""
    people = People(start_app(dataclasses.replace(portal_environment, revoke_bearer_on_logout=revoking)))
    ana = people.new()
    other = dataclasses.replace(ana, token=people.sign_in(ana.email))
    assert ana.post("/api/auth/logout").json == {"message": "Logged out successfully"}
    assert [ana.get(PROFILE).status_code, other.get(PROFILE).status_code] == [afterwards, 200]


@pytest.mark.asvs("7.4.5")
def test_a_moderator_closes_an_account_and_opens_it_again(people: People, engine: Engine) -> None:
    ana, moderator = people.new(), people.new()
    browsers = [people.browser(ana)[0] for _ in range(2)]
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET is_moderator = true WHERE id = :id"), {"id": moderator.id})

    def seen(path: str) -> set[int]:
        answer = moderator.post(f"/api/moderation/users/{ana.id}/{path}", json={"reason": "votes from one machine"})
        assert answer.status_code == 200, answer.text
        assert moderator.get(PROFILE).status_code == 200
        return {browser.get(PROFILE).status_code for browser in browsers} | {ana.get(PROFILE).status_code}

    assert seen("close") == {401}
    assert seen("open") == {200}
