"""The connection pool: checked-out connections are open, without a query per checkout."""

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
def test_closed_connection_is_replaced_at_checkout(engine: Engine) -> None:
    with engine.connect() as first, engine.connect() as second, engine.connect() as third:
        ended = {process_of(first), process_of(second)}
        third.execute(_END)
    for _ in range(3):
        with engine.connect() as connection:
            assert process_of(connection) not in ended


def test_open_connection_is_checked_out_without_a_query(engine: Engine) -> None:
    with engine.connect() as observer:
        with engine.connect() as connection:
            process = process_of(connection)
        last = observer.execute(_LAST, {"pid": process}).scalar_one()
        observer.rollback()
        with engine.connect() as connection:
            assert observer.execute(_LAST, {"pid": process}).scalar_one() == last
            assert process_of(connection) == process
