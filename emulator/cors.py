"""CORS of S3 as AWS enforces it: moto 5.2.5 answers preflights that S3 refuses, and adds headers that S3 does not.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors-troubleshooting.html
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import CorsRule, s3_backends

NOT_ENABLED = "CORSResponse: CORS is not enabled for this bucket."
# The spelling is S3's.
NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)
_VIRTUAL_HOST = re.compile(r"([a-z0-9][a-z0-9.-]+)\.s3[.-]")


class CorsMiddleware:
    """moto's application, with the CORS rules of its buckets applied to every cross-origin request.

    Args:
        application: WSGI application.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a preflight; handle another request and add the headers of the matching rule."""
        origin = environ.get("HTTP_ORIGIN")
        rules = _rules(environ) if origin else None
        if rules is None:
            unchanged: Iterable[bytes] = self._application(environ, start_response)
            return unchanged
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return _answer_preflight(rules, environ, start_response)
        added = allowed_headers(rules, str(origin), environ["REQUEST_METHOD"], ())

        def start(status: str, headers: list[tuple[str, str]], *arguments: Any) -> Any:
            kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
            return start_response(status, kept + (added or []), *arguments)

        parts: Iterable[bytes] = self._application(environ, start)
        return parts


def allowed_headers(
    rules: Sequence[CorsRule], origin: str, method: str, requested: Sequence[str]
) -> list[tuple[str, str]] | None:
    """Return the response headers of the first rule that allows a request; None if no rule does.

    Args:
        rules: CORS rules of the bucket.
        origin: Origin of the page.
        method: HTTP method of the request.
        requested: Headers of the request that a preflight announces.
    """
    for rule in rules:
        if (
            method in rule.allowed_methods
            and any(_matches(allowed, origin) for allowed in rule.allowed_origins)
            and all(any(_matches(a.lower(), name) for a in rule.allowed_headers or ()) for name in requested)
        ):
            any_origin = "*" in rule.allowed_origins
            return [
                ("Access-Control-Allow-Origin", "*" if any_origin else origin),
                *([] if any_origin else [("Access-Control-Allow-Credentials", "true")]),
                ("Access-Control-Allow-Methods", ", ".join(rule.allowed_methods)),
                *([("Access-Control-Allow-Headers", ", ".join(requested))] if requested else []),
                *([("Access-Control-Expose-Headers", ", ".join(rule.exposed_headers))] if rule.exposed_headers else []),
                *([("Access-Control-Max-Age", str(rule.max_age_seconds))] if rule.max_age_seconds else []),
                ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
            ]
    return None


def _answer_preflight(rules: Sequence[CorsRule], environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    method = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "")
    names = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "").lower().split(",")
    headers = allowed_headers(rules, environ["HTTP_ORIGIN"], method, [name.strip() for name in names if name.strip()])
    if headers is not None:
        start_response("200 OK", [*headers, ("Content-Length", "0")])
        return []
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessForbidden</Code>'
        f"<Message>{escape(NOT_ALLOWED if rules else NOT_ENABLED)}</Message><Method>{escape(method)}</Method>"
        "<ResourceType>OBJECT</ResourceType></Error>"
    ).encode()
    start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def _rules(environ: dict[str, Any]) -> list[CorsRule] | None:
    """Return the CORS rules of the bucket of a request; None if the request is for no bucket."""
    host = _VIRTUAL_HOST.match(environ.get("HTTP_HOST", ""))
    name = host[1] if host else environ.get("PATH_INFO", "").lstrip("/").partition("/")[0]
    bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets.get(name)
    return None if bucket is None else list(bucket.cors)


def _matches(allowed: str, value: str) -> bool:
    """Return whether a value matches an entry with at most one wildcard."""
    return bool(re.fullmatch(re.escape(allowed).replace(r"\*", ".*"), value))
