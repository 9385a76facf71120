"""POST /api/auth/login, POST /api/auth/logout and GET /api/auth/profile."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import decode_token
from sqlalchemy import Engine, text

from services.portal.accounts import passwords

from .people import PASSWORD, People

LOGIN = "/api/auth/login"
DUMMY_PASSWORD = "a password of no account"
INVALID = {"message": "", "error": "Invalid credentials"}


def stored_hash(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT password_hash FROM users")).scalar_one())


def set_hash(engine: Engine, value: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET password_hash = :value"), {"value": value})


def test_login_returns_a_token(client: FlaskClient, people: People, app: Flask) -> None:
    person = people.new()
    answer = client.post(LOGIN, json={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json is not None
    assert set(answer.json) == {"access_token", "token_type", "expires_in"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    with app.app_context():
        claims = decode_token(answer.json["access_token"])
    assert (claims["user_id"], claims["email"]) == (person.id, person.email)
    assert (claims["iss"], claims["sub"]) == ("anb-rising-stars", f"user:{person.id}")
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["nbf"] == claims["iat"]


@pytest.mark.asvs("7.2.4")
def test_each_token_has_a_unique_id(people: People, app: Flask) -> None:
    person = people.new()
    with app.app_context():
        ids = {decode_token(people.sign_in(person.email))["jti"] for _ in range(3)}
    assert len(ids) == 3


def test_email_is_case_insensitive(client: FlaskClient, people: People) -> None:
    people.new(email="Ana@Example.com")
    assert client.post(LOGIN, json={"email": "ana@example.COM", "password": PASSWORD}).status_code == 200


def test_password_of_the_dummy_hash_opens_no_account(client: FlaskClient) -> None:
    """Sign-in with an unknown address compares the password with the dummy hash, to take the same time."""
    assert passwords._HASHER.verify(passwords._DUMMY_HASH, DUMMY_PASSWORD)
    answer = client.post(LOGIN, json={"email": "unknown@example.com", "password": DUMMY_PASSWORD})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"email": "ana", "password": "x"},
            ("Email", "email"),
        ),
        (
            {"email": "a@b.co"},
            ("Password", "required"),
        ),
        ({"password": "x"}, ("Email", "required")),
    ],
)
def test_invalid_field_is_named_with_its_rule(
    client: FlaskClient, body: dict[str, str], expected: tuple[str, str]
) -> None:
    answer = client.post(LOGIN, json=body)
    field, rule = expected
    error = f"Key: 'UserLogin.{field}' Error:Field validation for '{field}' failed on the '{rule}' tag"
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": f"Validation failed: {error}"})


@pytest.mark.parametrize(
    "body", [b"{", b'{"email": 1, "password": "x"}', b'{"email": "a@b.co", "password": "a\\u0000"}']
)
def test_malformed_body_returns_400(client: FlaskClient, body: bytes) -> None:
    answer = client.post(LOGIN, data=body)
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Invalid request format"})


def test_malformed_hash_returns_401(client: FlaskClient, people: People, engine: Engine) -> None:
    person = people.new()
    set_hash(engine, "plain text")
    assert client.post(LOGIN, json={"email": person.email, "password": PASSWORD}).status_code == 401


def test_profile_omits_the_password_hash(people: People) -> None:
    person = people.new(first_name="Ana", city="Cali")
    answer = person.get("/api/auth/profile")
    assert answer.status_code == 200
    assert answer.json is not None
    assert list(answer.json) == [
        "id", "first_name", "last_name", "email", "city", "country", "created_at", "updated_at",
    ]  # fmt: skip
    assert (answer.json["id"], answer.json["first_name"], answer.json["city"]) == (person.id, "Ana", "Cali")
    assert answer.json["created_at"].endswith("Z")


def test_profile_of_deleted_account_returns_404(people: People, engine: Engine) -> None:
    person = people.new()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM users"))
    answer = person.get("/api/auth/profile")
    assert (answer.status_code, answer.json) == (404, {"message": "", "error": "User not found"})
