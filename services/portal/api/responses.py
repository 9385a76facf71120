"""What operations answer, for the OpenAPI document: shapes, errors with their texts, and headers."""

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
        "description": "The request's id: the one that was sent, if it was usable, or a new one. Log lines have it.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:=-]{1,128}$"},
    },
    "Retry-After": {
        "description": "Seconds after which the same request may be tried again.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "ETag": {
        "description": "Names this state of the answer; sent back as If-None-Match it is answered with 304.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where to go instead.", "schema": {"type": "string"}},
    "Content-Language": {
        "description": "The language of the error's text.",
        "schema": {"type": "string", "enum": ["en", "es"]},
    },
}
# What belongs into the texts that hold values.
_VALUES = {
    "megabytes": 100,
    "broken": "Key: 'UserRegistration.Email' Error:Field validation for 'Email' failed on the 'email' tag",
}
_EVERYWHERE = ("X-Request-Id",)
_OF_STATUS = {302: ("Location",), 304: ("ETag",), 429: ("Retry-After",)}


def responses(declared: Operation, schema_of: Callable[[Any], Json], schemas: Json, *, has_path: bool) -> Json:
    """The responses of an operation.

    Args:
        declared: its contract.
        schema_of: makes the schema of a type.
        schemas: the components the schemas refer to.
        has_path: whether its path has parameters, so that a path may lead nowhere.
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
    """The errors an operation declares, with those that follow from what it takes."""
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
    if declared.asks_others:
        add(503, UNAVAILABLE)
    return found


def _problem(status: int, texts: tuple[str, ...], schema: Json) -> Json:
    told = [text % _VALUES if "%(" in text else text for text in texts]
    return {
        "description": "; ".join(told),
        "headers": {**_headers(status), **_reference("Content-Language")},
        "content": {
            "application/json": {
                "schema": schema,
                "examples": {_slug(text): {"value": {"message": "", "error": text}} for text in told},
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
