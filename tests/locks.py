"""Hold locks, and wait until a statement of another connection is blocked by them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

_WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.datname = current_database() AND position(:statement IN a.query) > 0
"""


@contextmanager
def held(engine: Engine, statement: str) -> Iterator[None]:
    """Hold the locks of a statement while the block runs."""
    with engine.connect() as connection, connection.begin():
        connection.execute(text(statement))
        yield


def wait_until_held(engine: Engine, statement: str) -> None:
    """Wait up to ten minutes until a statement that contains this text waits for a lock."""
    end = time.monotonic() + 600
    while True:
        with engine.connect() as connection:
            if connection.execute(text(_WAITING), {"statement": statement}).scalar_one():
                return
        assert time.monotonic() < end, f"{statement} does not wait for a lock"
        time.sleep(0.05)
