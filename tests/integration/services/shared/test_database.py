"""The pool of connections: what it hands out lives, and costs no question."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, text

_END = text(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_LAST = text("SELECT query FROM pg_stat_activity WHERE pid = :pid")


def process_of(connection: Connection) -> int:
    found = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    connection.rollback()
    return found


@pytest.mark.own("database")
def test_a_connection_that_the_server_ended_is_replaced_before_anybody_is_given_it(engine: Engine) -> None:
    with engine.connect() as first, engine.connect() as second, engine.connect() as third:
        ended = {process_of(first), process_of(second)}
        third.execute(_END)
    for _ in range(3):
        with engine.connect() as connection:
            assert process_of(connection) not in ended


def test_a_connection_that_lives_is_handed_out_without_a_question(engine: Engine) -> None:
    with engine.connect() as observer:
        with engine.connect() as connection:
            process = process_of(connection)
        last = observer.execute(_LAST, {"pid": process}).scalar_one()
        observer.rollback()
        with engine.connect() as connection:
            assert observer.execute(_LAST, {"pid": process}).scalar_one() == last
            assert process_of(connection) == process
