"""Accounts: one per address; a hash is replaced only if it is the expected one."""

from __future__ import annotations

from sqlalchemy import Connection

from services.contest.users import add_user, find_user, find_user_by_email, set_password_hash


def add(connection: Connection, email: str) -> int | None:
    return add_user(
        connection,
        first_name="Ana",
        last_name="Díaz",
        email=email,
        password_hash="first",
        city="Cali",
        country="Colombia",
    )


def test_account_is_found_by_address_and_id(connection: Connection) -> None:
    user_id = add(connection, "Ana@Example.com")
    assert user_id is not None
    found = find_user_by_email(connection, "ana@example.COM")
    assert found == find_user(connection, user_id)
    assert found is not None and found.email == "Ana@Example.com"


def test_address_has_one_account(connection: Connection) -> None:
    add(connection, "ana@example.com")
    assert add(connection, "ANA@example.com") is None


def test_unknown_account_is_none(connection: Connection) -> None:
    assert find_user(connection, 1) is None
    assert find_user_by_email(connection, "ana@example.com") is None


def test_hash_is_not_replaced_twice(connection: Connection) -> None:
    user_id = add(connection, "ana@example.com")
    assert user_id is not None
    set_password_hash(connection, user_id, "second", replacing="first")
    set_password_hash(connection, user_id, "third", replacing="first")
    found = find_user(connection, user_id)
    assert found is not None and found.password_hash == "second"
