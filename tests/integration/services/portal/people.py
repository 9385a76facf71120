"""Registered and signed-in users, created with the functions that the routes call."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from services.contest.users import add_user, find_user
from services.portal.accounts.identity import begin_session, issue_token
from services.portal.accounts.passwords import hash_password
from services.portal.database import statements
from services.portal.request_models import UserRegistration

PASSWORD = "correct horse battery"


def registration(**changes: Any) -> dict[str, Any]:
    """Body of a valid sign-up, with some values overridden."""
    return {
        "first_name": "Ana",
        "last_name": "Díaz",
        "email": "ana@example.com",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "city": "Bogotá",
        "country": "Colombia",
        **changes,
    }


@cache
def hash_of(password: str) -> str:
    """Hash a password as the portal stores it; cached, because hashing takes as long as a whole test."""
    return hash_password(password)


@dataclass(frozen=True)
class PortalUser:
    """A registered user with a client that sends the bearer token."""

    id: int
    email: str
    token: str
    client: FlaskClient

    def get(self, path: str, **arguments: Any) -> TestResponse:
        return self.client.get(path, headers=self.headers, **arguments)

    def post(self, path: str, **arguments: Any) -> TestResponse:
        return self.client.post(path, headers=self.headers, **arguments)

    def delete(self, path: str, **arguments: Any) -> TestResponse:
        return self.client.delete(path, headers=self.headers, **arguments)

    @property
    def headers(self) -> Headers:
        return Headers({"Authorization": f"Bearer {self.token}"})


class People:
    """Factory of registered users.

    Args:
        app: Application that holds their accounts.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._numbers = itertools.count(1)

    def new(self, **changes: Any) -> PortalUser:
        """Create a user who signed up and signed in."""
        email = changes.pop("email", f"person{next(self._numbers)}@example.com")
        form = UserRegistration.model_validate(registration(email=email, **changes))
        with self._app.app_context():
            with statements() as connection:
                account = form.model_dump(exclude={"password1", "password2"})
                user_id = add_user(connection, **account, password_hash=hash_of(form.password1))
                user = find_user(connection, user_id) if user_id is not None else None
            assert user is not None, f"{email} already has an account"
            return PortalUser(user.id, email, issue_token(user), self._app.test_client())

    def sign_in(self, email: str) -> str:
        """Sign a user in and return the bearer token."""
        answer = self._app.test_client().post("/api/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return str(answer.json["access_token"])  # type: ignore[index]

    def browser(self, person: PortalUser) -> tuple[FlaskClient, str]:
        """Return a client with the user's session cookie, and the session's CSRF token."""
        with self._app.test_request_context(headers={"User-Agent": "a browser"}):
            with statements() as connection:
                user = find_user(connection, person.id)
            assert user is not None
            response = self._app.response_class()
            begin_session(response, user)
        client = self._app.test_client()
        cookies = dict(line.split(";")[0].split("=", 1) for line in response.headers.getlist("Set-Cookie"))
        for name, value in cookies.items():
            client.set_cookie(name, value)
        return client, next(value for name, value in cookies.items() if "csrf" in name)
