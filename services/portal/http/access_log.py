"""One log line for each request, without what a person would not want kept.

The route's template stands for the path: paths and queries hold keys that open private videos. The address is cut to
its network, which tells an attack from a crowd and does not follow a person; sign-ins, where the address is needed to
find a thief, are lines of their own. Balancers' questions for the health are not logged.
"""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from services.portal.http.client_network import network_of
from services.portal.metrics import route_of
from services.shared.telemetry import get_logger

_QUIET = ("/health", "/health/deep", "/metrics")
_LONGEST_METHOD = 16

log = get_logger(__name__)


def register(app: Flask) -> None:
    """Log an application's requests; after the metrics, which note when each began."""

    @app.after_request
    def note(response: Response) -> Response:
        route = route_of()
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
