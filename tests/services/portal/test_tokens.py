"""Bearer tokens: what is accepted, and what is said of the others."""

from __future__ import annotations

import base64
import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.environment import PortalEnvironment
from services.portal.resources import resources

from .people import People, Person

PROFILE = "/api/auth/profile"
EXPIRED = {"message": "", "error": "Invalid or expired token"}


def key(app: Flask) -> str:
    with app.app_context():
        return resources().keys.newest()


def claims_of(person: Person, **changes: Any) -> dict[str, Any]:
    claims = jwt.decode(person.token, options={"verify_signature": False}) | changes
    return {name: value for name, value in claims.items() if value is not None}


def test_no_header(client: FlaskClient) -> None:
    answer = client.get(PROFILE)
    assert (answer.status_code, answer.json) == (401, {"message": "", "error": "Authorization header required"})


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer {token}", "Basic {token}", "{token}", "Token {token}"])
def test_another_scheme_or_no_token(client: FlaskClient, people: People, header: str) -> None:
    person = people.new()
    answer = client.get(PROFILE, headers={"Authorization": header.format(token=person.token)})
    assert (answer.status_code, answer.json) == (401, {"message": "", "error": "Invalid authorization header format"})


@pytest.mark.parametrize("token", ["x", "a.b.c", " ", "é", "null", "." * 1000, "\ud7ff"])
def test_what_is_no_token(client: FlaskClient, token: str) -> None:
    header = f"Bearer {token}".encode().decode("latin-1")
    answer = client.get(PROFILE, environ_overrides={"HTTP_AUTHORIZATION": header})
    assert (answer.status_code, answer.json) == (401, EXPIRED)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": -10},
        {"nbf": 1000},
        {"iat": 1000},
        {"iss": "somebody else"},
        {"iss": None},
        {"user_id": None},
        {"user_id": "1"},
        {"email": None},
        {"jti": None},
        {"sub": None},
    ],
    ids=str,
)
def test_claims_that_do_not_hold(app: Flask, people: People, changes: dict[str, Any]) -> None:
    """Moments are given in seconds from now."""
    now = int(time.time())
    changes = {name: now + value if name in ("exp", "nbf", "iat") else value for name, value in changes.items()}
    person = people.new()
    forged = dataclasses.replace(person, token=jwt.encode(claims_of(person, **changes), key(app), "HS256"))
    answer = forged.get(PROFILE)
    assert (answer.status_code, answer.json) == (401, EXPIRED)


def test_the_same_claims_signed_with_our_key_hold(app: Flask, people: People) -> None:
    person = people.new()
    assert (
        dataclasses.replace(person, token=jwt.encode(claims_of(person), key(app), "HS256")).get(PROFILE).status_code
        == 200
    )


def test_another_key(people: People) -> None:
    person = people.new()
    forged = dataclasses.replace(person, token=jwt.encode(claims_of(person), "x" * 32, "HS256"))
    assert forged.get(PROFILE).json == EXPIRED


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_another_algorithm(app: Flask, people: People, algorithm: str) -> None:
    person = people.new()
    secret = "" if algorithm == "none" else key(app)
    forged = dataclasses.replace(person, token=jwt.encode(claims_of(person), secret, algorithm))
    assert forged.get(PROFILE).json == EXPIRED


def test_a_changed_payload(people: People) -> None:
    person = people.new()
    header, _, signature = person.token.split(".")
    payload = base64.urlsafe_b64encode(json.dumps(claims_of(person, user_id=999)).encode()).decode().rstrip("=")
    assert dataclasses.replace(person, token=f"{header}.{payload}.{signature}").get(PROFILE).json == EXPIRED


def test_the_lifetime_is_the_environments(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    app = start_app(dataclasses.replace(portal_environment, token_seconds=86400))
    person = People(app).new()
    claims = claims_of(person)
    assert claims["exp"] - claims["iat"] == 86400


def test_a_token_of_one_instance_holds_on_another(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment, people: People
) -> None:
    person = people.new()
    other = start_app(portal_environment).test_client()
    assert other.get(PROFILE, headers=person.headers).status_code == 200
