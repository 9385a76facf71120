"""Requests from other sites: which may call the API (CORS), and the refusal of their forms (CSRF).

Only the origins in ``cors_origins`` may call the API. The original allowed every origin, with the reader's cookies. A
page of another origin gets no CORS headers, so its browser withholds the response from it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from services.portal.http.errors import Forbidden
from services.portal.resources import resources_of

_PATHS = ("/api/", "/media/")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, Cache-Control, Content-Type, X-CSRF-Token, X-Request-Id, X-Requested-With"
    ),
    # Chromium's upper limit.
    "Access-Control-Max-Age": "7200",
}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def register(app: Flask) -> None:
    """Add CORS headers to responses, and refuse forms of other sites."""
    app.before_request(_check_origin)
    allowed = frozenset(resources_of(app).environment.cors_origins)
    if not allowed:
        return

    @app.after_request
    def add_headers(response: Response) -> Response:
        if not request.path.startswith(_PATHS):
            return response
        # The response depends on the origin; caches must store one for each.
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
            if request.method == "OPTIONS":
                response.headers.update(_PREFLIGHT)
        return response


def _check_origin() -> None:
    """Refuse forms of other sites, including those sent without a session, which have no CSRF token to check.

    Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "Verifying Origin With Standard Headers".

    Raises:
        Forbidden: the form belongs to another site.
    """
    # API clients send no cookies of the portal or send a CSRF token; browsers send the origin with every form.
    origin = request.headers.get("Origin")
    if origin is None or request.method in _SAFE_METHODS or request.path.startswith("/api/"):
        return
    if urlsplit(origin).netloc != request.host:
        raise Forbidden("This form belongs to another site")
