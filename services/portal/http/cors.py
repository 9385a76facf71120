"""Which other sites' pages may call the API: those an operator has listed, each by its exact origin.

The original let every origin in, with the reader's cookies. An origin that is not listed is told nothing here, and
its browser keeps the answer from it.
"""

from __future__ import annotations

from flask import Flask, Response, request

from services.portal.resources import resources_of

_PATHS = ("/api/", "/media/")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, Cache-Control, Content-Type, X-CSRF-Token, X-Request-Id, X-Requested-With"
    ),
    # Chromium keeps it no longer.
    "Access-Control-Max-Age": "7200",
}


def register(app: Flask) -> None:
    """Let an application's answers tell browsers who may read them."""
    listed = frozenset(resources_of(app).environment.cors_origins)
    if not listed:
        return

    @app.after_request
    def tell(response: Response) -> Response:
        if not request.path.startswith(_PATHS):
            return response
        # The same address is answered otherwise for another origin, and caches must know.
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in listed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
            if request.method == "OPTIONS":
                response.headers.update(_PREFLIGHT)
        return response
