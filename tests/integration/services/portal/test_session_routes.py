"""GET and DELETE /api/auth/sessions, disabled accounts, and revocation of bearer tokens at logout."""

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


def test_list_holds_own_sessions_and_marks_the_current(people: People) -> None:
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


def test_one_session_is_revoked_immediately(people: People) -> None:
    ana = people.new()
    phone, _ = people.browser(ana)
    listed = phone.get(PATH).json
    assert listed is not None
    answer = ana.delete(f"{PATH}/{listed[0]['id']}")
    assert (answer.status_code, answer.json) == (200, {"message": "Session ended"})
    assert phone.get(PROFILE).status_code == 401


@pytest.mark.parametrize("session_id", ["0", "999999999", "99999999999999999999", "x", "-1", "1;2", "١"])
def test_unknown_session_returns_404(people: People, session_id: str) -> None:
    answer = people.new().delete(f"{PATH}/{session_id}")
    assert (answer.status_code, answer.json) == (404, NO_SESSION)


def test_session_of_another_user_returns_404(people: People) -> None:
    ana, eva = people.new(), people.new()
    browser, _ = people.browser(ana)
    listed = browser.get(PATH).json
    assert listed is not None
    answer = eva.delete(f"{PATH}/{listed[0]['id']}")
    assert (answer.status_code, answer.json) == (404, NO_SESSION)
    assert browser.get(PROFILE).status_code == 200


def test_all_other_sessions_are_revoked(people: People) -> None:
    ana = people.new()
    here, csrf = people.browser(ana)
    phone, _ = people.browser(ana)
    answer = here.delete(PATH, headers={"X-CSRF-TOKEN": csrf})
    assert (answer.status_code, answer.json) == (200, {"message": "Sessions ended"})
    assert [browser.get(PROFILE).status_code for browser in (here, phone)] == [200, 401]
    # A bearer token is not a session and stays valid.
    assert ana.get(PROFILE).status_code == 200
    ana.delete(PATH)
    assert here.get(PROFILE).status_code == 401


@pytest.mark.asvs("7.4.2")
def test_disabled_account_is_rejected_immediately(client: FlaskClient, people: People, engine: Engine) -> None:
    ana, eva = people.new(), people.new()
    browser, _ = people.browser(ana)
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = now() WHERE id = :id"), {"id": ana.id})
    assert browser.get(PROFILE).status_code == 401
    # Revocations are cached for a second; clear the cache as a new process would.
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
def test_logout_revokes_bearer_token_only_if_configured(
    start_app: Callable[[PortalEnvironment], Flask],
    portal_environment: PortalEnvironment,
    revoking: bool,
    afterwards: int,
) -> None:
    """By the contract the token stays valid after logout; other tokens of the account always do."""
    people = People(start_app(dataclasses.replace(portal_environment, revoke_bearer_on_logout=revoking)))
    ana = people.new()
    other = dataclasses.replace(ana, token=people.sign_in(ana.email))
    assert ana.post("/api/auth/logout").json == {"message": "Logged out successfully"}
    assert [ana.get(PROFILE).status_code, other.get(PROFILE).status_code] == [afterwards, 200]


@pytest.mark.asvs("7.4.5")
def test_moderator_closes_and_reopens_an_account(people: People, engine: Engine) -> None:
    ana, moderator = people.new(), people.new()
    browsers = [people.browser(ana)[0] for _ in range(2)]
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET is_moderator = true WHERE id = :id"), {"id": moderator.id})

    def statuses_after(path: str) -> set[int]:
        answer = moderator.post(f"/api/moderation/users/{ana.id}/{path}", json={"reason": "votes from one machine"})
        assert answer.status_code == 200, answer.text
        assert moderator.get(PROFILE).status_code == 200
        return {browser.get(PROFILE).status_code for browser in browsers} | {ana.get(PROFILE).status_code}

    assert statuses_after("close") == {401}
    assert statuses_after("open") == {200}
