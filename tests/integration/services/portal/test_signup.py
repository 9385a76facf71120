"""POST /api/auth/signup."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.contest.users import find_user_by_email

from .people import registration

SIGNUP = "/api/auth/signup"


def validation_failed(*fields: tuple[str, str]) -> dict[str, str]:
    lines = [
        f"Key: 'UserRegistration.{field}' Error:Field validation for '{field}' failed on the '{rule}' tag"
        for field, rule in fields
    ]
    return {"message": "", "error": "Validation failed: " + "\n".join(lines)}


def test_sign_up_creates_an_account(client: FlaskClient, engine: Engine) -> None:
    answer = client.post(SIGNUP, json=registration())
    assert (answer.status_code, answer.json) == (201, {"message": "User created successfully"})
    with engine.connect() as connection:
        user = find_user_by_email(connection, "ana@example.com")
    assert user is not None
    assert (user.first_name, user.last_name, user.city, user.country) == ("Ana", "Díaz", "Bogotá", "Colombia")


def test_password_is_stored_as_argon2id_with_owasp_parameters(client: FlaskClient, engine: Engine) -> None:
    client.post(SIGNUP, json=registration())
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT password_hash FROM users")).scalar_one()
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("password", ["lowercaseonly", "ñandú 🏀 🏀", "x" * 1000])
def test_passwords_need_no_character_classes_and_may_be_long(client: FlaskClient, password: str) -> None:
    assert client.post(SIGNUP, json=registration(password1=password, password2=password)).status_code == 201
    login = client.post("/api/auth/login", json={"email": "ana@example.com", "password": password})
    assert login.status_code == 200
    shorter = client.post("/api/auth/login", json={"email": "ana@example.com", "password": password[:-1]})
    assert shorter.status_code == 401


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"first_name": "A"}, ("FirstName", "min")),
        ({"first_name": "A" * 51}, ("FirstName", "max")),
        ({"last_name": ""}, ("LastName", "required")),
        ({"last_name": None}, ("LastName", "required")),
        ({"email": "ana"}, ("Email", "email")),
        ({"email": "ana@example"}, ("Email", "email")),
        ({"email": "a..b@example.com"}, ("Email", "email")),
        ({"email": "ana@example.com\n"}, ("Email", "email")),
        ({"email": "a" * 250 + "@example.com"}, ("Email", "email")),
        ({"email": ""}, ("Email", "required")),
        ({"password1": "1234567"}, ("Password1", "min")),
        ({"password2": "1234567"}, ("Password2", "min")),
        ({"city": "B"}, ("City", "min")),
        ({"country": "C" * 51}, ("Country", "max")),
    ],
)
def test_invalid_field_is_named_with_its_rule(
    client: FlaskClient, changes: dict[str, str | None], expected: tuple[str, str]
) -> None:
    answer = client.post(SIGNUP, json=registration(**changes))
    assert (answer.status_code, answer.json) == (400, validation_failed(expected))


def test_all_invalid_fields_are_named_in_order(client: FlaskClient) -> None:
    answer = client.post(SIGNUP, json={"email": "ana", "city": "B"})
    assert answer.json == validation_failed(
        ("FirstName", "required"),
        ("LastName", "required"),
        ("Email", "email"),
        ("Password1", "required"),
        ("Password2", "required"),
        ("City", "min"),
        ("Country", "required"),
    )


def test_lengths_are_counted_in_characters(client: FlaskClient) -> None:
    assert client.post(SIGNUP, json=registration(first_name="ñ" * 50)).status_code == 201


@pytest.mark.parametrize("email", ["a+b@sub.example.com", "o'brien@example.co", "niña@correo.es", "A@B.co"])
def test_valid_email_addresses_are_accepted(client: FlaskClient, email: str) -> None:
    assert client.post(SIGNUP, json=registration(email=email)).status_code == 201


def test_unknown_fields_are_ignored(client: FlaskClient, engine: Engine) -> None:
    assert client.post(SIGNUP, json=registration(id=77, is_admin=True)).status_code == 201
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM users")).scalar_one() != 77


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"first_name": "\xff\xfe"}',
        b'{"first_name": "\\ud800"}',
        b"[" * 50_000,
    ],
)
def test_body_that_is_not_a_json_object_returns_400(client: FlaskClient, body: bytes) -> None:
    answer = client.post(SIGNUP, data=body, content_type="application/json")
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Invalid request format"})


@pytest.mark.parametrize("value", [7, True, ["Ana"], {"a": 1}, "A\0na", "A\ufffdna"])
def test_values_that_are_not_text_return_400(client: FlaskClient, value: object) -> None:
    answer = client.post(SIGNUP, json=registration(first_name=value))
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Invalid request format"})


def test_huge_body_returns_413(client: FlaskClient) -> None:
    answer = client.post(SIGNUP, json=registration(password1="x" * 100_000))
    assert (answer.status_code, answer.json) == (413, {"message": "", "error": "Request body too large"})


def test_content_type_is_ignored(client: FlaskClient, app: Flask) -> None:
    body = app.json.dumps(registration())
    assert client.post(SIGNUP, data=body, content_type="text/plain").status_code == 201


def test_different_passwords_return_400(client: FlaskClient) -> None:
    answer = client.post(SIGNUP, json=registration(password2="another password"))
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Passwords do not match"})


def test_different_passwords_are_reported_before_known_email(client: FlaskClient) -> None:
    client.post(SIGNUP, json=registration())
    answer = client.post(SIGNUP, json=registration(password2="another password"))
    assert answer.json == {"message": "", "error": "Passwords do not match"}


@pytest.mark.parametrize("email", ["ana@example.com", "Ana@Example.com"])
def test_email_is_unique_regardless_of_case(client: FlaskClient, email: str) -> None:
    client.post(SIGNUP, json=registration())
    answer = client.post(SIGNUP, json=registration(email=email))
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Email already registered"})


def test_ten_concurrent_sign_ups_create_one_account(app: Flask, engine: Engine) -> None:
    def sign_up(_: int) -> int:
        return app.test_client().post(SIGNUP, json=registration()).status_code

    with ThreadPoolExecutor(10) as threads:
        statuses = sorted(threads.map(sign_up, range(10)))
    assert statuses == [201] + [400] * 9
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM users")).scalar_one() == 1


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE users; --", '<img src=x onerror="alert(1)">', "%s %(a)s {0}", "\\' OR 1=1"]
)
def test_sql_and_markup_are_stored_as_text(client: FlaskClient, engine: Engine, name: str) -> None:
    assert client.post(SIGNUP, json=registration(first_name=name)).status_code == 201
    with engine.connect() as connection:
        user = find_user_by_email(connection, "ana@example.com")
    assert user is not None and user.first_name == name
