"""What every answer carries: a request id, and headers that tell browsers what the portal never does.

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
# Of the device; the portal asks for none of them, so nothing injected into it may.
_UNUSED_FEATURES = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "midi",
    "payment", "publickey-credentials-get", "screen-wake-lock", "usb", "xr-spatial-tracking",
)  # fmt: skip


def register(app: Flask) -> None:
    """Give an application's answers their headers."""
    fixed = _security_headers(resources_of(app))

    @app.before_request
    def begin() -> ResponseReturnValue | None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        telemetry.bind(request_id=g.request_id)
        _check_host()
        # Which other origins are let in is told by services.portal.http.cors.
        return Response(status=204) if request.method == "OPTIONS" else None

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        # A front on another host may show the videos; nothing else of ours belongs on another site's page.
        media = request.path.startswith("/media/")
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if media else "same-origin"
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Request-Id"] = g.request_id
        return response

    @app.teardown_request
    def forget(_: BaseException | None) -> None:
        telemetry.unbind_all()


def _check_host() -> None:
    """Refuse a host that is not ours: links of pages begin with it (CWE-644). Balancers ask for the health by address.

    Raises:
        ApiError: it is another host.
    """
    ours = resources().environment.public_hosts
    name = request.host.rsplit(":", 1)[0].lower()
    if ours and name not in ours and not f"{request.path}/".startswith("/health/"):
        raise ApiError(HTTPStatus.MISDIRECTED_REQUEST, "This host is not served here")


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
    if held.environment.secure_cookies:
        policy["upgrade-insecure-requests"] = ""
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {sources}".rstrip() for name, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES),
    }
    if held.environment.secure_cookies:
        headers["Strict-Transport-Security"] = f"max-age={_ONE_YEAR}; includeSubDomains"
    return headers
