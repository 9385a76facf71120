"""An empty application on gunicorn with the portal's settings: ``python -m benchmarks.load.gunicorn_baseline PORT``."""

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


class Bare(BaseApplication):  # type: ignore[misc]
    """gunicorn with the portal's settings and nothing to do."""

    def __init__(self, port: int) -> None:
        self._environment = dataclasses.replace(PortalEnvironment.from_variables(os.environ), portal_port=port)
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to run."""
        for name, value in settings(self._environment).items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Iterable[bytes]]:
        """The application."""
        return answer


def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer what a vote is answered, whatever was asked."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))])
    return [_BODY]


if __name__ == "__main__":
    Bare(int(sys.argv[1])).run()
