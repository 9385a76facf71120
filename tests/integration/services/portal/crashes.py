"""Portals that are killed in the midst of a request."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import requests

from .people import Person
from .process import PortalProcess


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
