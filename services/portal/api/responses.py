"""Responses of operations for the OpenAPI document: schemas, error texts and headers."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from services.portal.accounts.identity import INVALID_TOKEN, NO_CSRF_TOKEN, NO_HEADER, WRONG_HEADER
from services.portal.api.examples import example
from services.portal.api.operation import Operation
from services.portal.api.schemas.videos import Problem
from services.portal.http.errors import BUG, TOO_LARGE, UNAVAILABLE, UNKNOWN_ROUTE
from services.portal.request_models import BROKEN_RULES, INVALID_FORMAT

Json = dict[str, Any]

HEADERS: Json = {
    "X-Request-Id": {
        "description": "Id of the request: the one that was sent, if valid, or a new one. Log lines contain it.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:=-]{1,128}$"},
    },
    "Retry-After": {
        "description": "Seconds until the request can be retried.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "ETag": {
        "description": "Version of the response; sent as If-None-Match, an unchanged response gives 304.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "URL of the redirect.", "schema": {"type": "string"}},
    "Content-Language": {
        "description": "Language of the error text.",
        "schema": {"type": "string", "enum": ["en", "es"]},
    },
}
# Example values for the placeholders in error texts.
_VALUES = {
    "megabytes": 100,
    "broken": "Key: 'UserRegistration.Email' Error:Field validation for 'Email' failed on the 'email' tag",
}
_EVERYWHERE = ("X-Request-Id",)
_OF_STATUS = {302: ("Location",), 304: ("ETag",), 429: ("Retry-After",)}


def responses(declared: Operation, schema_of: Callable[[Any], Json], schemas: Json, *, has_path: bool) -> Json:
    """Describe the responses of an operation.

    Args:
        declared: Contract of the operation.
        schema_of: Returns the schema of a type.
        schemas: Components that the schemas refer to.
        has_path: Whether the path has parameters, so that a path may match no route.
    """
    described: Json = {}
    for status, shape in declared.answers.items():
        answer: Json = {"description": HTTPStatus(status).phrase, "headers": _headers(status)}
        if shape is not None:
            schema = schema_of(shape)
            answer["content"] = {"application/json": {"schema": schema, "example": example(schema, schemas)}}
        described[str(status)] = answer
    for status, texts in sorted(refusals(declared).items()):
        described.setdefault(str(status), _problem(status, texts, schema_of(Problem)))
    if has_path:
        nowhere = described.setdefault("404", {"description": UNKNOWN_ROUTE, "headers": _headers(404), "content": {}})
        nowhere["content"]["text/plain"] = {"schema": {"type": "string", "const": UNKNOWN_ROUTE}}
    return dict(sorted(described.items()))


def refusals(declared: Operation) -> dict[int, tuple[str, ...]]:
    """Return the errors that an operation declares and the errors that its inputs imply."""
    found = dict(declared.refuses)

    def add(status: int, *texts: str) -> None:
        found[status] = (*texts, *found.get(status, ()))

    if declared.signed_in:
        add(401, NO_HEADER, WRONG_HEADER, INVALID_TOKEN)
        add(403, NO_CSRF_TOKEN)
    if declared.multipart is not None:
        add(400, INVALID_FORMAT)
    if declared.body is not None:
        add(400, INVALID_FORMAT, BROKEN_RULES)
        add(413, TOO_LARGE)
    add(421, "This host is not served here")
    add(500, BUG)
    if declared.has_dependencies:
        add(503, UNAVAILABLE)
    return found


def _problem(status: int, texts: tuple[str, ...], schema: Json) -> Json:
    rendered = [text % _VALUES if "%(" in text else text for text in texts]
    return {
        "description": "; ".join(rendered),
        "headers": {**_headers(status), **_reference("Content-Language")},
        "content": {
            "application/json": {
                "schema": schema,
                "examples": {_slug(text): {"value": {"message": "", "error": text}} for text in rendered},
            }
        },
    }


def _headers(status: int) -> Json:
    named = (*_EVERYWHERE, *_OF_STATUS.get(status, ()))
    return {name: value for header in named for name, value in _reference(header).items()}


def _reference(header: str) -> Json:
    return {header: {"$ref": f"#/components/headers/{header}"}}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
