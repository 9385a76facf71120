"""Sessions: open until revoked, idle too long or too old; only a hash is stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from services.contest.sessions import (
    SessionLifetime,
    clear_sessions,
    close_other_sessions,
    close_session,
    close_user_session,
    find_sessions,
    keep_session_open,
    open_session,
)
from services.contest.users import change_password
from tests.integration.services.world import World

LIFETIME = SessionLifetime(idle=timedelta(hours=1), longest=timedelta(hours=12))


def open_test_session(connection: Connection, user_id: int, token_id: str, agent: str | None = None) -> bool:
    return open_session(
        connection, user_id, token_id, generation=0, lifetime=LIFETIME, address="192.0.2.1", agent=agent
    )


def is_open(connection: Connection, token_id: str) -> bool:
    return keep_session_open(connection, token_id, LIFETIME)


def pass_time(connection: Connection, **passed: float) -> None:
    """Move all times of the sessions into the past."""
    values = {"passed": timedelta(**passed)}
    connection.execute(
        text(
            "UPDATE user_sessions SET created_at = created_at - :passed, expires_at = expires_at - :passed, "
            "last_accessed_at = last_accessed_at - :passed"
        ),
        values,
    )


@pytest.mark.asvs("7.4.1")
def test_session_is_open_until_closed(connection: Connection, world: World) -> None:
    assert open_test_session(connection, world.add_person(), "one")
    assert is_open(connection, "one")
    close_session(connection, "one")
    assert not is_open(connection, "one")
    close_session(connection, "one")


def test_unknown_session_is_not_open(connection: Connection) -> None:
    assert not is_open(connection, "one")


@pytest.mark.asvs("7.3.1")
def test_session_ends_after_an_hour_without_use(connection: Connection, world: World) -> None:
    open_test_session(connection, world.add_person(), "one")
    pass_time(connection, minutes=59)
    assert is_open(connection, "one")
    pass_time(connection, minutes=59)
    assert is_open(connection, "one")
    pass_time(connection, minutes=61)
    assert not is_open(connection, "one")


@pytest.mark.asvs("7.3.2")
def test_session_in_use_ends_after_twelve_hours(connection: Connection, world: World) -> None:
    open_test_session(connection, world.add_person(), "one")
    for _ in range(23):
        pass_time(connection, minutes=31)
        assert is_open(connection, "one")
    pass_time(connection, minutes=31)
    assert not is_open(connection, "one")


def test_session_in_use_is_written_at_most_once_a_minute(connection: Connection, world: World) -> None:
    open_test_session(connection, world.add_person(), "one")
    written = text("SELECT xmin::text FROM user_sessions")
    before = connection.execute(written).scalar_one()
    assert is_open(connection, "one")
    assert connection.execute(written).scalar_one() == before
    pass_time(connection, seconds=61)
    aged = connection.execute(written).scalar_one()
    assert is_open(connection, "one")
    assert connection.execute(written).scalar_one() != aged


@pytest.mark.asvs("7.4.2")
def test_sessions_of_a_disabled_account_are_not_open(connection: Connection, world: World) -> None:
    person = world.add_person()
    open_test_session(connection, person, "one")
    connection.execute(text("UPDATE users SET disabled_at = now()"))
    assert not is_open(connection, "one")


def test_changed_password_prevents_opening_a_session(connection: Connection, world: World) -> None:
    person = world.add_person()
    assert change_password(connection, person, "renewed", replacing="none")
    assert not open_test_session(connection, person, "one")
    assert not is_open(connection, "one")


def test_expired_sessions_are_deleted(connection: Connection, world: World) -> None:
    person = world.add_person()
    open_test_session(connection, person, "past")
    pass_time(connection, hours=2)
    open_test_session(connection, person, "present")
    assert not is_open(connection, "past")
    clear_sessions(connection)
    assert connection.execute(text("SELECT count(*) FROM user_sessions")).scalar_one() == 1
    assert is_open(connection, "present")


def test_sessions_are_listed_with_the_callers_first(connection: Connection, world: World) -> None:
    person = world.add_person()
    open_test_session(connection, world.add_person(), "of another")
    open_test_session(connection, person, "past")
    pass_time(connection, hours=2)
    open_test_session(connection, person, "phone", agent="a phone")
    pass_time(connection, minutes=5)
    open_test_session(connection, person, "laptop")
    listed = find_sessions(connection, person, token_id="phone")
    assert [(session.agent, session.is_this) for session in listed] == [("a phone", True), ("", False)]
    assert {session.address for session in listed} == {"192.0.2.1"}


def test_only_the_owner_closes_a_session(connection: Connection, world: World) -> None:
    ana, eva = world.add_person(), world.add_person()
    open_test_session(connection, ana, "one")
    (session,) = find_sessions(connection, ana, token_id="")
    assert not close_user_session(connection, eva, session.id)
    assert is_open(connection, "one")
    assert close_user_session(connection, ana, session.id)
    assert not is_open(connection, "one")


def test_all_other_sessions_of_the_account_are_closed(connection: Connection, world: World) -> None:
    ana, eva = world.add_person(), world.add_person()
    for user_id, token_id in ((ana, "this"), (ana, "phone"), (ana, "laptop"), (eva, "hers")):
        open_test_session(connection, user_id, token_id)
    assert close_other_sessions(connection, ana, token_id="this") == 2
    assert [is_open(connection, token_id) for token_id in ("this", "phone", "laptop", "hers")] == [
        True, False, False, True,
    ]  # fmt: skip


def test_token_id_is_stored_as_a_hash(connection: Connection, world: World) -> None:
    open_test_session(connection, world.add_person(), "a-token-id")
    row = connection.execute(text("SELECT * FROM user_sessions")).one()
    assert "a-token-id" not in str(row)
    assert str(row.ip_address) == "192.0.2.1"


@pytest.mark.parametrize(("agent", "kept"), [(None, ""), ("browser", "browser"), ("x" * 1000, "x" * 500)])
def test_user_agent_is_truncated(connection: Connection, world: World, agent: str | None, kept: str) -> None:
    open_test_session(connection, world.add_person(), "one", agent=agent)
    assert connection.execute(text("SELECT user_agent FROM user_sessions")).scalar_one() == kept
