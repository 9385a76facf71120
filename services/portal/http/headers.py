"""Headers of every response: a request id, and security headers.

Sources: OWASP Secure Headers Project; ASVS 5.0 3.4.1 to 3.4.6, 14.3.2.
"""

from __future__ import annotations

import re
import uuid
from http import HTTPStatus

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue

from services.portal.http.errors import ApiError
from services.portal.resources import Resources, resources, resources_of
from services.shared import telemetry

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:=-]{1,128}")
_ONE_YEAR = 31_536_000
# Device features that the portal does not use, disabled for injected scripts too.
_UNUSED_FEATURES = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "midi",
    "payment", "publickey-credentials-get", "screen-wake-lock", "usb", "xr-spatial-tracking",
)  # fmt: skip


def register(app: Flask) -> None:
    """Add the headers to an application's responses."""
    fixed = _security_headers(resources_of(app))

    @app.before_request
    def begin() -> ResponseReturnValue | None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        telemetry.bind(request_id=g.request_id)
        _check_host()
        # services.portal.http.cors adds the headers of a preflight response.
        return Response(status=204) if request.method == "OPTIONS" else None

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        # A front end on another host may embed the videos, but nothing else.
        media = request.path.startswith("/media/")
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if media else "same-origin"
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Request-Id"] = g.request_id
        return response

    @app.teardown_request
    def forget(_: BaseException | None) -> None:
        telemetry.unbind_all()


def _check_host() -> None:
    """Refuse an unknown Host, which absolute links would contain (CWE-644). Health checks may use an IP address.

    Raises:
        ApiError: the host is not one of ``public_hosts``.
    """
    hosts = resources().environment.public_hosts
    name = request.host.rsplit(":", 1)[0].lower()
    if hosts and name not in hosts and not f"{request.path}/".startswith("/health/"):
        raise ApiError(HTTPStatus.MISDIRECTED_REQUEST, "This host is not served here")


def _security_headers(opened: Resources) -> dict[str, str]:
    media = opened.media.origin
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
    if opened.environment.secure_cookies:
        policy["upgrade-insecure-requests"] = ""
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {sources}".rstrip() for name, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES),
    }
    if opened.environment.secure_cookies:
        headers["Strict-Transport-Security"] = f"max-age={_ONE_YEAR}; includeSubDomains"
    return headers
