"""ASVS 5.0, chapter 11: a stolen database gives no password away in any time that pays."""

from __future__ import annotations

import bcrypt
import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from ..people import PASSWORD, People, PortalUser, registration

# OWASP Password Storage Cheat Sheet, Argon2id; salt and tag as RFC 9106, 3.1 and 4, has them.
LEAST_KIBIBYTES, LEAST_ROUNDS, LEAST_SALT, LEAST_TAG = 19 * 1024, 2, 16, 32


@pytest.fixture
def ana(people: People) -> PortalUser:
    return people.new()


def stored(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT password_hash FROM users")).scalar_one())


def store(engine: Engine, value: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET password_hash = :value"), {"value": value})


def sign_in(client: FlaskClient, person: PortalUser, password: str = PASSWORD) -> int:
    return client.post("/api/auth/login", json={"email": person.email, "password": password}).status_code


def assert_dear(value: str, password: str) -> None:
    """A hash is one of Argon2id that costs as much as OWASP asks for, and of this password."""
    made_with = extract_parameters(value)
    assert made_with.type is Type.ID
    assert made_with.memory_cost >= LEAST_KIBIBYTES and made_with.time_cost >= LEAST_ROUNDS, made_with
    assert made_with.parallelism >= 1 and made_with.salt_len >= LEAST_SALT and made_with.hash_len >= LEAST_TAG
    assert PasswordHasher().verify(value, password)


@pytest.mark.asvs("11.4.2")
def test_what_is_stored_of_a_password_costs_what_owasp_asks_for(client: FlaskClient, engine: Engine) -> None:
    assert client.post("/signup", data=registration()).status_code == 303
    first, new = stored(engine), "a longer one"
    assert_dear(first, PASSWORD)
    change = {"current_password": PASSWORD, "password1": new, "password2": new}
    csrf = client.get_cookie("csrf")
    assert csrf is not None
    headers = {"X-CSRF-TOKEN": csrf.value}
    assert client.post("/api/auth/password", json=change, headers=headers).status_code == 200
    assert_dear(stored(engine), new)
    assert first.split("$")[-2] != stored(engine).split("$")[-2]


@pytest.mark.asvs("11.4.2")
@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
def test_a_bcrypt_hash_of_the_first_version_is_believed_and_renewed(
    client: FlaskClient, ana: PortalUser, engine: Engine, prefix: str
) -> None:
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, prefix=b"2a")).decode().replace("$2a$", f"${prefix}$")
    store(engine, old)
    assert sign_in(client, ana, "another password") == 401
    assert stored(engine) == old
    assert sign_in(client, ana) == 200
    assert_dear(stored(engine), PASSWORD)
    assert sign_in(client, ana) == 200


@pytest.mark.asvs("11.4.2")
def test_so_is_one_that_was_made_with_less(client: FlaskClient, ana: PortalUser, engine: Engine) -> None:
    store(engine, PasswordHasher(memory_cost=8192, time_cost=1, parallelism=1).hash(PASSWORD))
    assert sign_in(client, ana) == 200
    assert_dear(stored(engine), PASSWORD)


@pytest.mark.asvs("11.4.2")
def test_a_password_too_long_for_bcrypt_does_not_match_its_beginning(
    client: FlaskClient, ana: PortalUser, engine: Engine
) -> None:
    store(engine, bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode())
    assert sign_in(client, ana, "x" * 73) == 401
    assert sign_in(client, ana, "x" * 72) == 200
