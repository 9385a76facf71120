"""One log line for each request, without personal data.

The line holds the route's template, not the path: paths and queries contain keys of private videos. The client's
address is reduced to its network, which shows an attack but does not identify a person; only the separate log lines of
sign-ins contain the whole address. Health checks are not logged.
"""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from services.portal.http.client_network import network_of
from services.portal.metrics import current_route
from services.shared.telemetry import get_logger

_QUIET = ("/health", "/health/deep", "/metrics")
_LONGEST_METHOD = 16

log = get_logger(__name__)


def register(app: Flask) -> None:
    """Log an application's requests; register this after the metrics, which set ``g.began``."""

    @app.after_request
    def log_request(response: Response) -> Response:
        route = current_route()
        if route not in _QUIET:
            caller = g.get("caller")
            log.info(
                "request",
                method=request.method[:_LONGEST_METHOD],
                route=route,
                status=response.status_code,
                ms=round((time.perf_counter() - g.began) * 1000, 1),
                bytes=response.calculate_content_length(),
                user_id=caller.user_id if caller else None,
                network=network_of(request.remote_addr),
            )
        return response
