"""Portals that are killed in the midst of a request."""

from __future__ import annotations

import threading

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
