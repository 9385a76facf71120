"""Holds a service at a statement of its own, to kill it just there."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from sqlalchemy import Engine, text

from .people import Person
from .process import PortalProcess

WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.datname = current_database() AND position(:statement IN a.query) > 0
"""


class Request(threading.Thread):
    """A request to a portal that will not live to answer it."""

    def __init__(self, portal: PortalProcess, person: Person, path: str, **body: object) -> None:
        super().__init__(daemon=True)
        self._arguments = {"url": f"{portal.url}{path}", "headers": dict(person.headers), "timeout": 60, **body}
        self.status: int | None = None
        self.start()

    def run(self) -> None:
        try:
            self.status = requests.post(**self._arguments).status_code  # type: ignore[arg-type]
        except requests.RequestException:
            self.status = None


def kill(portal: PortalProcess) -> None:
    """End a portal and its workers as a power cut would."""
    children = Path(f"/proc/{portal.process.pid}/task/{portal.process.pid}/children").read_text().split()
    for pid in (portal.process.pid, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    portal.process.wait()


@contextmanager
def held(engine: Engine, statement: str) -> Iterator[None]:
    """Hold what a statement locks, so that the portal gets no further than there."""
    with engine.connect() as connection, connection.begin():
        connection.execute(text(statement))
        yield


def wait_until_held(engine: Engine, statement: str) -> None:
    """Wait until a statement with these words waits for a lock; the minute is a safety net."""
    end = time.monotonic() + 60
    while True:
        with engine.connect() as connection:
            if connection.execute(text(WAITING), {"statement": statement}).scalar_one():
                return
        assert time.monotonic() < end, f"{statement} does not wait"
        time.sleep(0.05)
