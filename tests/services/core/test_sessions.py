"""Sessions: open until revoked or past their time; the database knows only a hash."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from services.core.sessions import clear_sessions, close_session, is_session_open, open_session

from .world import World


def begin(connection: Connection, user_id: int, token_id: str, seconds: int = 60, agent: str | None = None) -> None:
    open_session(connection, user_id, token_id, seconds=seconds, address="192.0.2.1", agent=agent)


def test_a_session_is_open_until_it_is_closed(connection: Connection, world: World) -> None:
    begin(connection, world.person(), "one")
    assert is_session_open(connection, "one")
    close_session(connection, "one")
    assert not is_session_open(connection, "one")
    close_session(connection, "one")


def test_an_unknown_session_is_not_open(connection: Connection) -> None:
    assert not is_session_open(connection, "one")


def test_a_session_past_its_time_is_not_open_and_is_cleared_away(connection: Connection, world: World) -> None:
    person = world.person()
    begin(connection, person, "past", seconds=-1)
    begin(connection, person, "present")
    assert not is_session_open(connection, "past")
    clear_sessions(connection)
    assert connection.execute(text("SELECT count(*) FROM user_sessions")).scalar_one() == 1
    assert is_session_open(connection, "present")


def test_only_a_hash_is_stored(connection: Connection, world: World) -> None:
    begin(connection, world.person(), "a-token-id")
    row = connection.execute(text("SELECT * FROM user_sessions")).one()
    assert "a-token-id" not in str(row)
    assert str(row.ip_address) == "192.0.2.1"


@pytest.mark.parametrize(("agent", "kept"), [(None, ""), ("browser", "browser"), ("x" * 1000, "x" * 500)])
def test_the_browsers_name_is_cut(connection: Connection, world: World, agent: str | None, kept: str) -> None:
    begin(connection, world.person(), "one", agent=agent)
    assert connection.execute(text("SELECT user_agent FROM user_sessions")).scalar_one() == kept
