"""POST /api/auth/password, and what a new password ends; common passwords are refused."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.environment import PortalEnvironment
from services.portal.accounts.passwords import is_common
from services.portal.accounts.revocations import KEPT_SECONDS
from services.portal.database import statements
from services.portal.http import limits
from services.shared.rate_limits import refund

from .people import PASSWORD, People, PortalUser

PATH, PROFILE = "/api/auth/password", "/api/auth/profile"
NEW = "a new and longer password"
COMMON = {"message": "", "error": "Password is too common, choose another one"}
INVALID = {"message": "", "error": "Invalid or expired token"}


def change(**changes: str | None) -> dict[str, str]:
    """The body of a change that is granted, with some values changed, or left out where they are None."""
    body = {"current_password": PASSWORD, "password1": NEW, "password2": NEW, **changes}
    return {name: value for name, value in body.items() if value is not None}


def signs_in(client: FlaskClient, person: PortalUser, password: str) -> bool:
    answer = client.post("/api/auth/login", json={"email": person.email, "password": password})
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


@pytest.mark.asvs("6.2.2")
def test_afterwards_the_new_password_opens_the_account_and_the_old_one_does_not(
    client: FlaskClient, people: People
) -> None:
    ana = people.new()
    answer = ana.post(PATH, json=change())
    assert (answer.status_code, answer.json) == (200, {"message": "Password changed successfully"})
    assert [signs_in(client, ana, PASSWORD), signs_in(client, ana, NEW)] == [False, True]


@pytest.mark.asvs("7.4.3")
def test_every_bearer_token_issued_before_ends_and_one_issued_at_once_afterwards_holds(
    client: FlaskClient, people: People
) -> None:
    ana, eva = people.new(), people.new()
    other = people.sign_in(ana.email)
    ana.post(PATH, json=change())
    for token in (ana.token, other):
        answer = client.get(PROFILE, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json) == (401, INVALID)
    renewed = client.post("/api/auth/login", json={"email": ana.email, "password": NEW}).json
    assert renewed is not None
    assert client.get(PROFILE, headers={"Authorization": f"Bearer {renewed['access_token']}"}).status_code == 200
    assert eva.get(PROFILE).status_code == 200


@pytest.mark.asvs("7.4.3")
def test_every_other_browser_is_signed_out_and_this_one_is_not(people: People) -> None:
    ana = people.new()
    here, csrf = people.browser(ana)
    phone, _ = people.browser(ana)
    hers, _ = people.browser(people.new())
    assert here.post(PATH, json=change(), headers={"X-CSRF-TOKEN": csrf}).status_code == 200
    assert [browser.get(PROFILE).status_code for browser in (here, phone, hers)] == [200, 401, 200]


def test_it_ends_them_on_every_instance(
    people: People, start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    ana = people.new()
    phone, _ = people.browser(ana)
    cookie = phone.get_cookie("session")
    assert cookie is not None
    elsewhere = start_app(portal_environment).test_client()
    assert elsewhere.get(PROFILE, headers=ana.headers).status_code == 200
    ana.post(PATH, json=change())
    elsewhere.set_cookie("session", cookie.value)
    assert elsewhere.get(PROFILE).status_code == 401
    # Bearer tokens are asked for once a second; the minute is a safety net.
    end = time.monotonic() + 60 * KEPT_SECONDS
    while elsewhere.get(PROFILE, headers=ana.headers).status_code != 401:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.asvs("6.2.3")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"current_password": "a wrong guess"}, "Current password is not correct"),
        ({"current_password": PASSWORD.upper()}, "Current password is not correct"),
        ({"current_password": f"{PASSWORD} "}, "Current password is not correct"),
        ({"current_password": None}, ("Validation failed: Key: 'PasswordChange.CurrentPassword' "
         "Error:Field validation for 'CurrentPassword' failed on the 'required' tag")),
        ({"password2": "another password"}, "Passwords do not match"),
        ({"password1": "Iloveyou", "password2": "Iloveyou"}, COMMON["error"]),
        ({"current_password": ""}, ("Validation failed: Key: 'PasswordChange.CurrentPassword' "
         "Error:Field validation for 'CurrentPassword' failed on the 'required' tag")),
        ({"password1": "short"}, ("Validation failed: Key: 'PasswordChange.Password1' "
         "Error:Field validation for 'Password1' failed on the 'min' tag")),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(
    client: FlaskClient, people: People, changes: dict[str, str | None], error: str
) -> None:
    ana = people.new()
    phone, _ = people.browser(ana)
    answer = ana.post(PATH, json=change(**changes))
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": error})
    assert signs_in(client, ana, PASSWORD)
    assert ana.get(PROFILE).status_code == phone.get(PROFILE).status_code == 200


def test_a_stolen_session_cannot_guess_the_password(app: Flask, people: People) -> None:
    ana = people.new()
    wrong = change(current_password="a wrong guess")
    assert [ana.post(PATH, json=wrong).status_code for _ in range(10)] == [400] * 10
    answer = ana.post(PATH, json=change())
    assert answer.status_code == 429 and 1 <= int(answer.headers["Retry-After"]) <= 60
    with app.app_context(), statements() as connection:
        refund(connection, limits.PASSWORD, str(ana.id))
    assert ana.post(PATH, json=change()).status_code == 200


def test_the_account_may_be_gone(people: People, engine: Engine) -> None:
    ana = people.new()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM users"))
    answer = ana.post(PATH, json=change())
    assert (answer.status_code, answer.json) == (404, {"message": "", "error": "User not found"})


def test_the_list_holds_five_thousand_passwords_that_would_be_long_enough() -> None:
    from services.portal.accounts.passwords import _COMMON

    assert len(_COMMON) > 5000
    assert all(len(password) >= 8 and password == password.lower() for password in _COMMON)
    assert is_common("Trustno1") and not is_common("trustno1 ")
