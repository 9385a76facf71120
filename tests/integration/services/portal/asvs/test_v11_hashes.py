"""ASVS 5.0, chapter 11: password hashes are too expensive to crack after a database leak."""

from __future__ import annotations

import bcrypt
import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from ..people import PASSWORD, People, PortalUser, registration

# OWASP Password Storage Cheat Sheet, Argon2id; salt and tag lengths from RFC 9106, 3.1 and 4.
MIN_KIBIBYTES, MIN_ROUNDS, MIN_SALT, MIN_TAG = 19 * 1024, 2, 16, 32


@pytest.fixture
def ana(people: People) -> PortalUser:
    return people.new()


def stored_hash(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT password_hash FROM users")).scalar_one())


def store_hash(engine: Engine, value: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET password_hash = :value"), {"value": value})


def sign_in(client: FlaskClient, person: PortalUser, password: str = PASSWORD) -> int:
    return client.post("/api/auth/login", json={"email": person.email, "password": password}).status_code


def assert_strong_hash(value: str, password: str) -> None:
    """Assert that a hash is Argon2id with OWASP's cost and verifies this password."""
    parameters = extract_parameters(value)
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= MIN_KIBIBYTES and parameters.time_cost >= MIN_ROUNDS, parameters
    assert parameters.parallelism >= 1 and parameters.salt_len >= MIN_SALT and parameters.hash_len >= MIN_TAG
    assert PasswordHasher().verify(value, password)


@pytest.mark.asvs("11.4.2")
def test_stored_hashes_meet_owasp_argon2id_cost(client: FlaskClient, engine: Engine) -> None:
    assert client.post("/signup", data=registration()).status_code == 303
    first, new = stored_hash(engine), "a longer one"
    assert_strong_hash(first, PASSWORD)
    change = {"current_password": PASSWORD, "password1": new, "password2": new}
    csrf = client.get_cookie("csrf")
    assert csrf is not None
    headers = {"X-CSRF-TOKEN": csrf.value}
    assert client.post("/api/auth/password", json=change, headers=headers).status_code == 200
    assert_strong_hash(stored_hash(engine), new)
    assert first.split("$")[-2] != stored_hash(engine).split("$")[-2]


@pytest.mark.asvs("11.4.2")
@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
def test_bcrypt_hash_is_accepted_and_upgraded(
    client: FlaskClient, ana: PortalUser, engine: Engine, prefix: str
) -> None:
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, prefix=b"2a")).decode().replace("$2a$", f"${prefix}$")
    store_hash(engine, old)
    assert sign_in(client, ana, "another password") == 401
    assert stored_hash(engine) == old
    assert sign_in(client, ana) == 200
    assert_strong_hash(stored_hash(engine), PASSWORD)
    assert sign_in(client, ana) == 200


@pytest.mark.asvs("11.4.2")
def test_weaker_argon2id_hash_is_upgraded(client: FlaskClient, ana: PortalUser, engine: Engine) -> None:
    store_hash(engine, PasswordHasher(memory_cost=8192, time_cost=1, parallelism=1).hash(PASSWORD))
    assert sign_in(client, ana) == 200
    assert_strong_hash(stored_hash(engine), PASSWORD)


@pytest.mark.asvs("11.4.2")
def test_password_beyond_72_bytes_is_not_truncated_by_bcrypt(
    client: FlaskClient, ana: PortalUser, engine: Engine
) -> None:
    store_hash(engine, bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode())
    assert sign_in(client, ana, "x" * 73) == 401
    assert sign_in(client, ana, "x" * 72) == 200
