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


def failed(*fields: tuple[str, str]) -> dict[str, str]:
    lines = [
        f"Key: 'UserRegistration.{field}' Error:Field validation for '{field}' failed on the '{rule}' tag"
        for field, rule in fields
    ]
    return {"message": "", "error": "Validation failed: " + "\n".join(lines)}


def test_it_creates_an_account(client: FlaskClient, engine: Engine) -> None:
    answer = client.post(SIGNUP, json=registration())
    assert (answer.status_code, answer.json) == (201, {"message": "User created successfully"})
    with engine.connect() as connection:
        user = find_user_by_email(connection, "ana@example.com")
    assert user is not None
    assert (user.first_name, user.last_name, user.city, user.country) == ("Ana", "Díaz", "Bogotá", "Colombia")


def test_the_password_is_stored_as_argon2id_with_owasps_parameters(client: FlaskClient, engine: Engine) -> None:
    client.post(SIGNUP, json=registration())
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT password_hash FROM users")).scalar_one()
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("password", ["lowercaseonly", "ñandú 🏀 🏀", "x" * 1000])
def test_passwords_need_no_mixture_and_have_no_limit(client: FlaskClient, password: str) -> None:
    assert client.post(SIGNUP, json=registration(password1=password, password2=password)).status_code == 201
    login = client.post("/api/auth/login", json={"email": "ana@example.com", "password": password})
    assert login.status_code == 200
    shorter = client.post("/api/auth/login", json={"email": "ana@example.com", "password": password[:-1]})
    assert shorter.status_code == 401


@pytest.mark.parametrize(
    ("changes", "broken"),
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
def test_a_field_that_breaks_its_rule_is_named(
    client: FlaskClient, changes: dict[str, str | None], broken: tuple[str, str]
) -> None:
    answer = client.post(SIGNUP, json=registration(**changes))
    assert (answer.status_code, answer.json) == (400, failed(broken))


def test_all_fields_that_break_a_rule_are_named_in_their_order(client: FlaskClient) -> None:
    answer = client.post(SIGNUP, json={"email": "ana", "city": "B"})
    assert answer.json == failed(
        ("FirstName", "required"),
        ("LastName", "required"),
        ("Email", "email"),
        ("Password1", "required"),
        ("Password2", "required"),
        ("City", "min"),
        ("Country", "required"),
    )


def test_lengths_are_counted_in_characters_not_bytes(client: FlaskClient) -> None:
    assert client.post(SIGNUP, json=registration(first_name="ñ" * 50)).status_code == 201


@pytest.mark.parametrize("email", ["a+b@sub.example.com", "o'brien@example.co", "niña@correo.es", "A@B.co"])
def test_these_are_addresses(client: FlaskClient, email: str) -> None:
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
def test_what_is_no_json_object_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post(SIGNUP, data=body, content_type="application/json")
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Invalid request format"})


@pytest.mark.parametrize("value", [7, True, ["Ana"], {"a": 1}, "A\0na", "A\ufffdna"])
def test_values_that_are_no_text_are_refused(client: FlaskClient, value: object) -> None:
    answer = client.post(SIGNUP, json=registration(first_name=value))
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Invalid request format"})


def test_a_huge_body_is_refused_unread(client: FlaskClient) -> None:
    answer = client.post(SIGNUP, json=registration(password1="x" * 100_000))
    assert (answer.status_code, answer.json) == (413, {"message": "", "error": "Request body too large"})


def test_the_type_of_the_content_does_not_matter(client: FlaskClient, app: Flask) -> None:
    body = app.json.dumps(registration())
    assert client.post(SIGNUP, data=body, content_type="text/plain").status_code == 201


def test_both_passwords_must_be_the_same(client: FlaskClient) -> None:
    answer = client.post(SIGNUP, json=registration(password2="another password"))
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Passwords do not match"})


def test_differing_passwords_are_told_before_a_known_address(client: FlaskClient) -> None:
    client.post(SIGNUP, json=registration())
    answer = client.post(SIGNUP, json=registration(password2="another password"))
    assert answer.json == {"message": "", "error": "Passwords do not match"}


@pytest.mark.parametrize("email", ["ana@example.com", "Ana@Example.com"])
def test_an_address_has_one_account_however_it_is_spelled(client: FlaskClient, email: str) -> None:
    client.post(SIGNUP, json=registration())
    answer = client.post(SIGNUP, json=registration(email=email))
    assert (answer.status_code, answer.json) == (400, {"message": "", "error": "Email already registered"})


def test_of_ten_identical_sign_ups_at_once_one_is_granted(app: Flask, engine: Engine) -> None:
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
def test_what_people_type_is_only_text(client: FlaskClient, engine: Engine, name: str) -> None:
    assert client.post(SIGNUP, json=registration(first_name=name)).status_code == 201
    with engine.connect() as connection:
        user = find_user_by_email(connection, "ana@example.com")
    assert user is not None and user.first_name == name
