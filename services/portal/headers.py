"""What every answer carries: a request id, and headers that tell browsers what the portal never does.

Sources: OWASP Secure Headers Project; ASVS 5.0 3.4.1 to 3.4.6, 14.3.2.
"""

from __future__ import annotations

import re
import uuid

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue

from services.core import telemetry
from services.portal.resources import Resources

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:=-]{1,128}")
_ONE_YEAR = 31_536_000


def register(app: Flask, held: Resources) -> None:
    """Give an application's answers their headers."""
    fixed = _security_headers(held)

    @app.before_request
    def begin() -> ResponseReturnValue | None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        telemetry.bind(request_id=g.request_id)
        # No other origin is let in, so a preflight is told nothing.
        return Response(status=204) if request.method == "OPTIONS" else None

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Request-Id"] = g.request_id
        return response

    @app.teardown_request
    def forget(_: BaseException | None) -> None:
        telemetry.unbind_all()


def _security_headers(held: Resources) -> dict[str, str]:
    media = " ".join(held.media.origins)
    policy = {
        "default-src": "'self'",
        "img-src": f"'self' {media}",
        "media-src": f"'self' {media}",
        "connect-src": f"'self' {media}",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if held.environment.secure_cookies:
        headers["Strict-Transport-Security"] = f"max-age={_ONE_YEAR}; includeSubDomains"
    return headers
