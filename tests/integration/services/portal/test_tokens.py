"""Bearer tokens: header format, lifetime and use across instances; asvs/test_v9_tokens.py covers forgeries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.environment import PortalEnvironment

from .people import People

PROFILE = "/api/auth/profile"
EXPIRED = {"message": "", "error": "Invalid or expired token"}


def test_missing_header_returns_401(client: FlaskClient) -> None:
    answer = client.get(PROFILE)
    assert (answer.status_code, answer.json) == (401, {"message": "", "error": "Authorization header required"})


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer {token}", "Basic {token}", "{token}", "Token {token}"])
def test_wrong_scheme_or_missing_token_returns_401(client: FlaskClient, people: People, header: str) -> None:
    person = people.new()
    answer = client.get(PROFILE, headers={"Authorization": header.format(token=person.token)})
    assert (answer.status_code, answer.json) == (401, {"message": "", "error": "Invalid authorization header format"})


@pytest.mark.parametrize("token", ["x", "a.b.c", " ", "é", "null", "." * 1000, "\ud7ff"])
def test_malformed_token_returns_401(client: FlaskClient, token: str) -> None:
    header = f"Bearer {token}".encode().decode("latin-1")
    answer = client.get(PROFILE, environ_overrides={"HTTP_AUTHORIZATION": header})
    assert (answer.status_code, answer.json) == (401, EXPIRED)


def test_lifetime_comes_from_the_environment(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment
) -> None:
    app = start_app(dataclasses.replace(portal_environment, token_seconds=86400))
    person = People(app).new()
    claims = jwt.decode(person.token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 86400


def test_token_is_valid_on_other_instances(
    start_app: Callable[[PortalEnvironment], Flask], portal_environment: PortalEnvironment, people: People
) -> None:
    person = people.new()
    other = start_app(portal_environment).test_client()
    assert other.get(PROFILE, headers=person.headers).status_code == 200
