"""gunicorn's master process, with readiness notification and connection draining."""

from __future__ import annotations

import http.client
import math
import time

from gunicorn import arbiter
from gunicorn.app.base import BaseApplication

from services.portal.server.shared_flags import SharedFlags
from services.shared.service_manager import ServiceManager
from services.shared.telemetry import get_logger

_POLL_SECONDS = 0.05
_TIMEOUT_SECONDS = 5

log = get_logger(__name__)


class Arbiter(arbiter.Arbiter):  # type: ignore[misc]
    """gunicorn's arbiter, which notifies the service manager once the portal answers requests.

    gunicorn itself notifies systemd before any worker has loaded the application.

    Args:
        application: Application that gunicorn serves.
        manager: Service manager to notify when the portal is ready and when it stops.
        flags: Flags shared with the workers.
        drain_seconds: How long the portal keeps serving after SIGTERM.
    """

    def __init__(
        self, application: BaseApplication, *, manager: ServiceManager, flags: SharedFlags, drain_seconds: int
    ) -> None:
        super().__init__(application)
        self._manager = manager
        self._flags = flags
        self._drain_seconds = drain_seconds
        self._is_ready = False
        self._stop_at = math.inf

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Wait for signals as gunicorn does; also notify readiness and stop after draining."""
        if not self._is_ready:
            timeout = _POLL_SECONDS
        signals: list[int] = super().wait_for_signals(max(0.0, min(timeout, self._stop_at - time.monotonic())))
        if self._flags.is_ready and not self._is_ready:
            self._is_ready = True
            log.info("portal ready")
            self._manager.ready()
        if time.monotonic() >= self._stop_at:
            log.info("portal finishes its last requests")
            raise StopIteration
        return signals

    def handle_term(self) -> None:
        """Start draining; a second SIGTERM ends it. Requests in flight are finished in both cases."""
        if self._flags.is_draining:
            raise StopIteration
        self._flags.mark_draining()
        self._manager.stopping()
        log.info("portal draining", seconds=self._drain_seconds)
        self._stop_at = time.monotonic() + self._drain_seconds


def wait_until_ready(host: str, port: int, flags: SharedFlags) -> None:
    """Poll /health, as a load balancer does, until it answers 200; then set the ready flag.

    Args:
        host: Address that the portal listens on.
        port: Port that the portal listens on.
        flags: Flags shared with the other processes.
    """
    while not flags.is_ready and not flags.is_draining:
        connection = http.client.HTTPConnection(
            "127.0.0.1" if host == "0.0.0.0" else host, port, timeout=_TIMEOUT_SECONDS
        )
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.client.OK:
                flags.mark_ready()
        except (OSError, http.client.HTTPException):
            time.sleep(_POLL_SECONDS)
        finally:
            connection.close()
