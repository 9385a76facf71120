"""gunicorn's master process, which says when the portal is ready and lets balancers leave before it stops."""

from __future__ import annotations

import http.client
import math
import time

from gunicorn import arbiter
from gunicorn.app.base import BaseApplication

from services.portal.server.shared_flags import SharedFlags
from services.shared.service_manager import ServiceManager
from services.shared.telemetry import get_logger

_LOOK_SECONDS = 0.05
_ANSWER_SECONDS = 5

log = get_logger(__name__)


class Arbiter(arbiter.Arbiter):  # type: ignore[misc]
    """gunicorn's arbiter with a readiness of its own.

    gunicorn tells systemd that it is ready before a worker has loaded the application; this one waits for an answer.

    Args:
        application: what gunicorn serves.
        manager: told when the portal is ready and when it stops.
        gate: what the workers see.
        drain_seconds: how long the portal serves on after it was told to stop.
    """

    def __init__(
        self, application: BaseApplication, *, manager: ServiceManager, gate: SharedFlags, drain_seconds: int
    ) -> None:
        super().__init__(application)
        self._manager = manager
        self._gate = gate
        self._drain_seconds = drain_seconds
        self._is_ready = False
        self._stop_at = math.inf

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Wait as gunicorn does, and mind the readiness and the end of the draining."""
        if not self._is_ready:
            timeout = _LOOK_SECONDS
        signals: list[int] = super().wait_for_signals(max(0.0, min(timeout, self._stop_at - time.monotonic())))
        if self._gate.answers and not self._is_ready:
            self._is_ready = True
            log.info("portal ready")
            self._manager.ready()
        if time.monotonic() >= self._stop_at:
            log.info("portal finishes its last requests")
            raise StopIteration
        return signals

    def handle_term(self) -> None:
        """Begin to drain; a second SIGTERM ends it. Requests in flight are finished either way."""
        if self._gate.closing:
            raise StopIteration
        self._gate.close()
        self._manager.stopping()
        log.info("portal draining", seconds=self._drain_seconds)
        self._stop_at = time.monotonic() + self._drain_seconds


def wait_until_it_answers(host: str, port: int, gate: SharedFlags) -> None:
    """Ask for /health as a balancer does until it is answered, and record that.

    Args:
        host: address the portal listens on.
        port: its port.
        gate: where it is recorded.
    """
    while not gate.answers and not gate.closing:
        connection = http.client.HTTPConnection(
            "127.0.0.1" if host == "0.0.0.0" else host, port, timeout=_ANSWER_SECONDS
        )
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.client.OK:
                gate.mark_answering()
        except (OSError, http.client.HTTPException):
            time.sleep(_LOOK_SECONDS)
        finally:
            connection.close()
