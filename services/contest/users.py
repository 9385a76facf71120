"""Accounts of players and voters in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class User:
    """Account of a person."""

    id: int
    first_name: str
    last_name: str
    email: str
    password_hash: str
    city: str
    country: str
    created_at: datetime
    updated_at: datetime
    token_generation: int
    disabled_at: datetime | None


_COLUMNS = (
    "id, first_name, last_name, email, password_hash, city, country, created_at, updated_at, token_generation, "
    "disabled_at"
)
_ADD = text(
    "INSERT INTO users (first_name, last_name, email, password_hash, city, country) "
    "VALUES (:first_name, :last_name, :email, :password_hash, :city, :country) "
    "ON CONFLICT ((lower(email))) DO NOTHING RETURNING id"
)
_BY_EMAIL = text(f"SELECT {_COLUMNS} FROM users WHERE lower(email) = lower(:email)")
_BY_ID = text(f"SELECT {_COLUMNS} FROM users WHERE id = :id")
_SET_PASSWORD = text(
    "UPDATE users SET password_hash = :renewed, updated_at = now() WHERE id = :id AND password_hash = :replaced"
)
_CHANGE_PASSWORD = text(
    "UPDATE users SET password_hash = :renewed, updated_at = now(), token_generation = token_generation + 1, "
    "tokens_revoked_at = now() WHERE id = :id AND password_hash = :replaced"
)


def add_user(
    connection: Connection, *, first_name: str, last_name: str, email: str, password_hash: str, city: str, country: str
) -> int | None:
    """Create an account; return its id, or None if the address already has one."""
    return connection.execute(
        _ADD,
        {
            "first_name": first_name,
            "last_name": last_name,
            "email": email,
            "password_hash": password_hash,
            "city": city,
            "country": country,
        },
    ).scalar_one_or_none()


def find_user_by_email(connection: Connection, email: str) -> User | None:
    """Find the account of an address, ignoring case."""
    row = connection.execute(_BY_EMAIL, {"email": email}).one_or_none()
    return User(**row._mapping) if row else None


def find_user(connection: Connection, user_id: int) -> User | None:
    """Find the account with an id."""
    row = connection.execute(_BY_ID, {"id": user_id}).one_or_none()
    return User(**row._mapping) if row else None


def set_password_hash(connection: Connection, user_id: int, renewed: str, *, replacing: str) -> None:
    """Replace a password's hash, unless another process has replaced it."""
    connection.execute(_SET_PASSWORD, {"id": user_id, "renewed": renewed, "replaced": replacing})


def change_password(connection: Connection, user_id: int, renewed: str, *, replacing: str) -> bool:
    """Store the hash of a new password and revoke the bearer tokens issued before.

    Returns:
        False if another process has replaced the hash.
    """
    values = {"id": user_id, "renewed": renewed, "replaced": replacing}
    return connection.execute(_CHANGE_PASSWORD, values).rowcount == 1
