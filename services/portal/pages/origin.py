"""Forms of other sites are refused, also where nobody is signed in and no token can tell them apart.

Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "Verifying Origin With Standard Headers".
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request

from services.portal.http.errors import Forbidden

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def register(app: Flask) -> None:
    """Check where the requests that change something come from."""

    @app.before_request
    def check_origin() -> None:
        # The API's clients carry no cookies of ours or send a token along; browsers name the origin of every form.
        origin = request.headers.get("Origin")
        if origin is None or request.method in _SAFE_METHODS or request.path.startswith("/api/"):
            return
        if urlsplit(origin).netloc != request.host:
            raise Forbidden("This form belongs to another site")
