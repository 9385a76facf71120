"""Sessions: open until revoked, unused for too long, or too old; the database knows only a hash."""

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


def begin(connection: Connection, user_id: int, token_id: str, agent: str | None = None) -> bool:
    return open_session(
        connection, user_id, token_id, generation=0, lifetime=LIFETIME, address="192.0.2.1", agent=agent
    )


def is_open(connection: Connection, token_id: str) -> bool:
    return keep_session_open(connection, token_id, LIFETIME)


def age(connection: Connection, **passed: float) -> None:
    """Let time pass for every session, as if it had not been used."""
    values = {"passed": timedelta(**passed)}
    connection.execute(
        text(
            "UPDATE user_sessions SET created_at = created_at - :passed, expires_at = expires_at - :passed, "
            "last_accessed_at = last_accessed_at - :passed"
        ),
        values,
    )


@pytest.mark.asvs("7.4.1")
def test_a_session_is_open_until_it_is_closed(connection: Connection, world: World) -> None:
    assert begin(connection, world.person(), "one")
    assert is_open(connection, "one")
    close_session(connection, "one")
    assert not is_open(connection, "one")
    close_session(connection, "one")


def test_an_unknown_session_is_not_open(connection: Connection) -> None:
    assert not is_open(connection, "one")


@pytest.mark.asvs("7.3.1")
def test_a_session_ends_when_it_was_not_used_for_an_hour(connection: Connection, world: World) -> None:
    begin(connection, world.person(), "one")
    age(connection, minutes=59)
    assert is_open(connection, "one")
    age(connection, minutes=59)
    assert is_open(connection, "one")
    age(connection, minutes=61)
    assert not is_open(connection, "one")


@pytest.mark.asvs("7.3.2")
def test_a_session_ends_after_twelve_hours_however_much_it_is_used(connection: Connection, world: World) -> None:
    begin(connection, world.person(), "one")
    for _ in range(23):
        age(connection, minutes=31)
        assert is_open(connection, "one")
    age(connection, minutes=31)
    assert not is_open(connection, "one")


def test_a_session_in_use_is_written_once_a_minute_at_most(connection: Connection, world: World) -> None:
    begin(connection, world.person(), "one")
    written = text("SELECT xmin::text FROM user_sessions")
    before = connection.execute(written).scalar_one()
    assert is_open(connection, "one")
    assert connection.execute(written).scalar_one() == before
    age(connection, seconds=61)
    aged = connection.execute(written).scalar_one()
    assert is_open(connection, "one")
    assert connection.execute(written).scalar_one() != aged


@pytest.mark.asvs("7.4.2")
def test_sessions_of_a_disabled_account_are_not_open(connection: Connection, world: World) -> None:
    person = world.person()
    begin(connection, person, "one")
    connection.execute(text("UPDATE users SET disabled_at = now()"))
    assert not is_open(connection, "one")


def test_no_session_begins_with_a_password_that_was_changed_meanwhile(connection: Connection, world: World) -> None:
    person = world.person()
    assert change_password(connection, person, "renewed", replacing="none")
    assert not begin(connection, person, "one")
    assert not is_open(connection, "one")


def test_a_session_past_its_time_is_cleared_away(connection: Connection, world: World) -> None:
    person = world.person()
    begin(connection, person, "past")
    age(connection, hours=2)
    begin(connection, person, "present")
    assert not is_open(connection, "past")
    clear_sessions(connection)
    assert connection.execute(text("SELECT count(*) FROM user_sessions")).scalar_one() == 1
    assert is_open(connection, "present")


def test_somebodys_sessions_are_listed_with_this_one_first(connection: Connection, world: World) -> None:
    person = world.person()
    begin(connection, world.person(), "of another")
    begin(connection, person, "past")
    age(connection, hours=2)
    begin(connection, person, "phone", agent="a phone")
    age(connection, minutes=5)
    begin(connection, person, "laptop")
    listed = find_sessions(connection, person, token_id="phone")
    assert [(session.agent, session.is_this) for session in listed] == [("a phone", True), ("", False)]
    assert {session.address for session in listed} == {"192.0.2.1"}


def test_one_session_is_closed_by_its_owner_alone(connection: Connection, world: World) -> None:
    ana, eva = world.person(), world.person()
    begin(connection, ana, "one")
    (session,) = find_sessions(connection, ana, token_id="")
    assert not close_user_session(connection, eva, session.id)
    assert is_open(connection, "one")
    assert close_user_session(connection, ana, session.id)
    assert not is_open(connection, "one")


def test_all_sessions_but_one_are_closed_and_none_of_other_people(connection: Connection, world: World) -> None:
    ana, eva = world.person(), world.person()
    for user_id, token_id in ((ana, "this"), (ana, "phone"), (ana, "laptop"), (eva, "hers")):
        begin(connection, user_id, token_id)
    assert close_other_sessions(connection, ana, token_id="this") == 2
    assert [is_open(connection, token_id) for token_id in ("this", "phone", "laptop", "hers")] == [
        True, False, False, True,
    ]  # fmt: skip


def test_only_a_hash_is_stored(connection: Connection, world: World) -> None:
    begin(connection, world.person(), "a-token-id")
    row = connection.execute(text("SELECT * FROM user_sessions")).one()
    assert "a-token-id" not in str(row)
    assert str(row.ip_address) == "192.0.2.1"


@pytest.mark.parametrize(("agent", "kept"), [(None, ""), ("browser", "browser"), ("x" * 1000, "x" * 500)])
def test_the_browsers_name_is_cut(connection: Connection, world: World, agent: str | None, kept: str) -> None:
    begin(connection, world.person(), "one", agent=agent)
    assert connection.execute(text("SELECT user_agent FROM user_sessions")).scalar_one() == kept
