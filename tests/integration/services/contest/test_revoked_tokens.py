"""Revoked bearer tokens: after a new password, of disabled accounts, and after signing out."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, text

from services.contest.revoked_tokens import RevokedTokens, clear_revoked_tokens, revoke_token, revoked_tokens
from services.contest.users import change_password
from tests.integration.services.world import World

LIFETIME = timedelta(hours=1)


def known(connection: Connection) -> RevokedTokens:
    return revoked_tokens(connection, LIFETIME)


def test_tokens_are_valid_by_default(connection: Connection, world: World) -> None:
    assert known(connection).is_valid(world.add_person(), 0, "one")


def test_new_password_revokes_the_accounts_older_tokens(connection: Connection, world: World) -> None:
    ana, eva = world.add_person(), world.add_person()
    assert change_password(connection, ana, "renewed", replacing="none")
    revoked = known(connection)
    assert [revoked.is_valid(ana, 0, "x"), revoked.is_valid(ana, 1, "x"), revoked.is_valid(eva, 0, "x")] == [
        False,
        True,
        True,
    ]


def test_concurrently_changed_password_is_not_replaced(connection: Connection, world: World) -> None:
    ana = world.add_person()
    assert not change_password(connection, ana, "renewed", replacing="another")
    assert known(connection).is_valid(ana, 0, "x")


def test_tokens_of_a_disabled_account_are_invalid(connection: Connection, world: World) -> None:
    ana = world.add_person()
    connection.execute(text("UPDATE users SET disabled_at = now()"))
    assert not known(connection).is_valid(ana, 7, "x")
    connection.execute(text("UPDATE users SET disabled_at = NULL"))
    assert known(connection).is_valid(ana, 7, "x")


def test_signed_out_token_is_invalid_and_stored_as_a_hash(connection: Connection, world: World) -> None:
    ana = world.add_person()
    for _ in range(2):
        revoke_token(connection, "one", LIFETIME)
    revoked = known(connection)
    assert [revoked.is_valid(ana, 0, "one"), revoked.is_valid(ana, 0, "two")] == [False, True]
    stored = connection.execute(text("SELECT token_id FROM revoked_tokens")).scalar_one()
    assert len(stored) == 64


def test_expired_revocations_are_deleted(connection: Connection, world: World) -> None:
    ana = world.add_person()
    change_password(connection, ana, "renewed", replacing="none")
    revoke_token(connection, "one", LIFETIME)
    connection.execute(text("UPDATE users SET tokens_revoked_at = now() - interval '62 minutes'"))
    connection.execute(text("UPDATE revoked_tokens SET expires_at = now()"))
    assert known(connection) == RevokedTokens({}, frozenset(), frozenset())
    clear_revoked_tokens(connection)
    assert connection.execute(text("SELECT count(*) FROM revoked_tokens")).scalar_one() == 0
