"""Presigned links as S3 enforces them: moto 5.2.5 checks neither their signature nor their end.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

ACCESS_KEY = "embedded"
SECRET_KEY = "embedded"
"""The credentials of the emulator's clients. Links that others sign can only be checked for their end."""

EXPIRED = ("AccessDenied", "Request has expired")
MISMATCH = (
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
)


class PresignedMiddleware:
    """moto's application, without the presigned links that S3 refuses.

    Args:
        application: WSGI application.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Refuse an ended or changed link; handle any other request."""
        query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        error = _error(environ, query) if any(name == "X-Amz-Signature" for name, _ in query) else None
        if error is None:
            parts: Iterable[bytes] = self._application(environ, start_response)
            return parts
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{error[0]}</Code><Message>{error[1]}</Message></Error>"
        ).encode()
        start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


def _error(environ: Mapping[str, Any], query: list[tuple[str, str]]) -> tuple[str, str] | None:
    """Return the code and the message of S3's error; None for a valid link."""
    values = dict(query)
    signed_at = datetime.strptime(values["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if datetime.now(UTC) > signed_at + timedelta(seconds=int(values["X-Amz-Expires"])):
        return EXPIRED
    access_key, _, scope = values["X-Amz-Credential"].partition("/")
    if access_key != ACCESS_KEY:
        return None
    names = values["X-Amz-SignedHeaders"].split(";")
    # gunicorn keeps the path as it was sent; PATH_INFO is decoded.
    path = str(environ["RAW_URI"]).partition("?")[0]
    encoded = sorted(f"{_quote(name)}={_quote(value)}" for name, value in query if name != "X-Amz-Signature")
    headers = "".join(f"{name}:{_header(environ, name)}\n" for name in names)
    request = "\n".join(
        [environ["REQUEST_METHOD"], path, "&".join(encoded), headers, ";".join(names), "UNSIGNED-PAYLOAD"]
    )
    digest = hashlib.sha256(request.encode()).hexdigest()
    signature = _sign(scope, f"AWS4-HMAC-SHA256\n{values['X-Amz-Date']}\n{scope}\n{digest}")
    return None if hmac.compare_digest(signature, values["X-Amz-Signature"]) else MISMATCH


def _sign(scope: str, text: str) -> str:
    key = f"AWS4{SECRET_KEY}".encode()
    for part in [*scope.split("/"), text]:
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def _header(environ: Mapping[str, Any], name: str) -> str:
    variable = name.upper().replace("-", "_")
    value = environ.get(variable if name in ("content-length", "content-type") else f"HTTP_{variable}", "")
    return " ".join(str(value).split())


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")
