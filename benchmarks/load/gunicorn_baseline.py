"""gunicorn with the portal's settings and a no-op application: ``python -m benchmarks.load.gunicorn_baseline PORT``."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.app.base import BaseApplication

from services.environment import PortalEnvironment
from services.portal.server.gunicorn_server import settings

_BODY = b'{"message":"Vote registered successfully"}'


class EmptyGunicorn(BaseApplication):  # type: ignore[misc]
    """gunicorn with the portal's settings and a no-op application."""

    def __init__(self, port: int) -> None:
        self._environment = dataclasses.replace(PortalEnvironment.from_variables(os.environ), portal_port=port)
        super().__init__()

    def load_config(self) -> None:
        """Apply the portal's settings."""
        for name, value in settings(self._environment).items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Iterable[bytes]]:
        """Return the application."""
        return respond


def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Return the response of a vote to any request."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))])
    return [_BODY]


if __name__ == "__main__":
    EmptyGunicorn(int(sys.argv[1])).run()
