"""Requests during which the portal is killed."""

from __future__ import annotations

import threading

import requests

from .people import PortalUser
from .process import PortalProcess


class Request(threading.Thread):
    """A POST in a background thread; ``status`` stays None if the portal dies before it responds."""

    def __init__(self, portal: PortalProcess, person: PortalUser, path: str, **body: object) -> None:
        super().__init__(daemon=True)
        self._arguments = {"url": f"{portal.url}{path}", "headers": dict(person.headers), "timeout": 60, **body}
        self.status: int | None = None
        self.start()

    def run(self) -> None:
        try:
            self.status = requests.post(**self._arguments).status_code  # type: ignore[arg-type]
        except requests.RequestException:
            self.status = None
