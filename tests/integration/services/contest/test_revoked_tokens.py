"""Bearer tokens that hold no more: after a new password, of disabled accounts, and those that were signed out."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, text

from services.contest.revoked_tokens import RevokedTokens, clear_revoked_tokens, revoke_token, revoked_tokens
from services.contest.users import change_password
from tests.integration.services.world import World

LIFETIME = timedelta(hours=1)


def known(connection: Connection) -> RevokedTokens:
    return revoked_tokens(connection, LIFETIME)


def test_at_first_every_token_holds(connection: Connection, world: World) -> None:
    assert known(connection).is_valid(world.person(), 0, "one")


def test_a_new_password_ends_the_tokens_before_it_and_none_of_other_people(
    connection: Connection, world: World
) -> None:
    ana, eva = world.person(), world.person()
    assert change_password(connection, ana, "renewed", replacing="none")
    revoked = known(connection)
    assert [revoked.is_valid(ana, 0, "x"), revoked.is_valid(ana, 1, "x"), revoked.is_valid(eva, 0, "x")] == [
        False,
        True,
        True,
    ]


def test_a_password_that_was_changed_meanwhile_is_not_changed(connection: Connection, world: World) -> None:
    ana = world.person()
    assert not change_password(connection, ana, "renewed", replacing="another")
    assert known(connection).is_valid(ana, 0, "x")


def test_no_token_of_a_disabled_account_holds(connection: Connection, world: World) -> None:
    ana = world.person()
    connection.execute(text("UPDATE users SET disabled_at = now()"))
    assert not known(connection).is_valid(ana, 7, "x")
    connection.execute(text("UPDATE users SET disabled_at = NULL"))
    assert known(connection).is_valid(ana, 7, "x")


def test_a_token_that_was_signed_out_holds_no_more_and_only_its_hash_is_stored(
    connection: Connection, world: World
) -> None:
    ana = world.person()
    for _ in range(2):
        revoke_token(connection, "one", LIFETIME)
    revoked = known(connection)
    assert [revoked.is_valid(ana, 0, "one"), revoked.is_valid(ana, 0, "two")] == [False, True]
    stored = connection.execute(text("SELECT token_id FROM revoked_tokens")).scalar_one()
    assert len(stored) == 64


def test_what_has_expired_by_itself_is_forgotten(connection: Connection, world: World) -> None:
    ana = world.person()
    change_password(connection, ana, "renewed", replacing="none")
    revoke_token(connection, "one", LIFETIME)
    connection.execute(text("UPDATE users SET tokens_revoked_at = now() - interval '62 minutes'"))
    connection.execute(text("UPDATE revoked_tokens SET expires_at = now()"))
    assert known(connection) == RevokedTokens({}, frozenset(), frozenset())
    clear_revoked_tokens(connection)
    assert connection.execute(text("SELECT count(*) FROM revoked_tokens")).scalar_one() == 0
