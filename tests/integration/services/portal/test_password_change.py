"""POST /api/auth/password: sessions and tokens that it revokes, and rejection of common passwords."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.environment import PortalEnvironment
from services.portal.accounts.passwords import is_common
from services.portal.accounts.revocations import CACHE_SECONDS
from services.portal.database import statements
from services.portal.http import limits
from services.shared.rate_limits import refund

from .people import PASSWORD, People, PortalUser

PATH, PROFILE = "/api/auth/password", "/api/auth/profile"
NEW = "a new and longer password"
COMMON = {"message": "", "error": "Password is too common, choose another one"}
INVALID = {"message": "", "error": "Invalid or expired token"}


def change(**changes: str | None) -> dict[str, str]:
    """Body of a valid password change with overrides; None omits a field."""
    body = {"current_password": PASSWORD, "password1": NEW, "password2": NEW, **changes}
    return {name: value for name, value in body.items() if value is not None}


def can_sign_in(client: FlaskClient, person: PortalUser, password: str) -> bool:
    answer = client.post("/api/auth/login", json={"email": person.email, "password": password})
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


@pytest.mark.asvs("6.2.2")
def test_only_the_new_password_works_after_a_change(client: FlaskClient, people: People) -> None:
    ana = people.new()
    answer = ana.post(PATH, json=change())
    assert (answer.status_code, answer.json) == (200, {"message": "Password changed successfully"})
    assert [can_sign_in(client, ana, PASSWORD), can_sign_in(client, ana, NEW)] == [False, True]


@pytest.mark.asvs("7.4.3")
def test_change_revokes_old_tokens_and_not_new_ones(client: FlaskClient, people: People) -> None:
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
def test_change_signs_out_all_other_browsers(people: People) -> None:
    ana = people.new()
    here, csrf = people.browser(ana)
    phone, _ = people.browser(ana)
    other_users_browser, _ = people.browser(people.new())
    assert here.post(PATH, json=change(), headers={"X-CSRF-TOKEN": csrf}).status_code == 200
    assert [browser.get(PROFILE).status_code for browser in (here, phone, other_users_browser)] == [200, 401, 200]


def test_change_revokes_on_every_instance(
    people: People, start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    ana = people.new()
    phone, _ = people.browser(ana)
    cookie = phone.get_cookie("session")
    assert cookie is not None
    other_instance = start_app(portal_environment).test_client()
    assert other_instance.get(PROFILE, headers=ana.headers).status_code == 200
    ana.post(PATH, json=change())
    other_instance.set_cookie("session", cookie.value)
    assert other_instance.get(PROFILE).status_code == 401
    # Revocations are cached for a second; the longer deadline is for busy machines.
    end = time.monotonic() + 60 * CACHE_SECONDS
    while other_instance.get(PROFILE, headers=ana.headers).status_code != 401:
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
def test_rejected_change_has_no_effect(
    client: FlaskClient, people: People, changes: dict[str, str | None], error: str
) -> None:
    ana = people.new()
    phone, _ = people.browser(ana)
    answer = ana.post(PATH, json=change(**changes))
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": error})
    assert can_sign_in(client, ana, PASSWORD)
    assert ana.get(PROFILE).status_code == phone.get(PROFILE).status_code == 200


def test_guesses_of_the_current_password_are_limited(app: Flask, people: People) -> None:
    ana = people.new()
    wrong = change(current_password="a wrong guess")
    assert [ana.post(PATH, json=wrong).status_code for _ in range(10)] == [400] * 10
    answer = ana.post(PATH, json=change())
    assert answer.status_code == 429 and 1 <= int(answer.headers["Retry-After"]) <= 60
    with app.app_context(), statements() as connection:
        refund(connection, limits.PASSWORD, str(ana.id))
    assert ana.post(PATH, json=change()).status_code == 200


def test_change_for_a_deleted_account_returns_404(people: People, engine: Engine) -> None:
    ana = people.new()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM users"))
    answer = ana.post(PATH, json=change())
    assert (answer.status_code, answer.json) == (404, {"message": "", "error": "User not found"})


def test_list_has_5000_common_passwords_of_8_letters_or_more() -> None:
    from services.portal.accounts.passwords import _COMMON

    assert len(_COMMON) > 5000
    assert all(len(password) >= 8 and password == password.lower() for password in _COMMON)
    assert is_common("Trustno1") and not is_common("trustno1 ")
