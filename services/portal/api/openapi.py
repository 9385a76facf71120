"""The OpenAPI 3.1 document, assembled from what the routes declare."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic import TypeAdapter
from werkzeug.routing import Rule

from services.portal.api.health import VERSION
from services.portal.api.operation import Operation, operation_of
from services.portal.api.shapes import Problem
from services.portal.forms import INVALID_FORMAT
from services.portal.identity import CSRF_HEADER

_REFERENCE = "#/components/schemas/{model}"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_UNAUTHORIZED = (
    "Authorization header required",
    "Invalid authorization header format",
    "Invalid or expired token",
)

Json = dict[str, Any]


def document(app: Flask) -> Json:
    """The OpenAPI document of an application's routes."""
    schemas: Json = {}
    paths: Json = {}
    for rule in app.url_map.iter_rules():
        declared = operation_of(app.view_functions[rule.endpoint])
        if declared is not None:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for method in sorted(set(rule.methods or ()) & set(_METHODS)):
                described = _operation(rule, declared, app.view_functions[rule.endpoint].__doc__ or "", schemas)
                paths.setdefault(path, {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "ANB Rising Stars", "version": VERSION},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": app.config["JWT_ACCESS_COOKIE_NAME"],
                    "description": f"the portal's own session; changes need the {CSRF_HEADER} header too",
                },
            },
        },
    }


def _operation(rule: Rule, declared: Operation, summary: str, schemas: Json) -> Json:
    described: Json = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [rule.endpoint.split(".")[0]],
        "summary": summary.strip().split("\n")[0],
        "responses": _responses(declared, schemas),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in sorted(rule.arguments)
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in declared.query.items()]
    if parameters:
        described["parameters"] = parameters
    if declared.body is not None:
        content = {"application/json": {"schema": _schema(declared.body, schemas)}}
        described["requestBody"] = {"required": True, "content": content}
    if declared.multipart is not None:
        content = {"multipart/form-data": {"schema": dict(declared.multipart)}}
        described["requestBody"] = {"required": True, "content": content}
    if declared.signed_in:
        described["security"] = [{"bearer": []}, {"session": []}]
    return described


def _responses(declared: Operation, schemas: Json) -> Json:
    responses: Json = {}
    for status, shape in declared.answers.items():
        answer: Json = {"description": HTTPStatus(status).phrase}
        if shape is not None:
            answer["content"] = {"application/json": {"schema": _schema(shape, schemas)}}
        responses[str(status)] = answer
    for status, texts in sorted(_refusals(declared).items()):
        responses[str(status)] = {
            "description": "; ".join(texts),
            "content": {"application/json": {"schema": _schema(Problem, schemas)}},
        }
    return responses


def _refusals(declared: Operation) -> dict[int, tuple[str, ...]]:
    """The errors a route declares, with those that follow from what it takes."""
    refusals = dict(declared.refuses)

    def add(status: int, *texts: str) -> None:
        refusals[status] = (*texts, *refusals.get(status, ()))

    if declared.signed_in:
        add(401, *_UNAUTHORIZED)
        add(403, "Missing or invalid CSRF token")
    if declared.body is not None:
        add(400, INVALID_FORMAT, "Validation failed: ...")
        add(413, "Request body too large")
    if declared.asks_others:
        add(503, "Service temporarily unavailable")
    return refusals


def _schema(shape: Any, schemas: Json) -> Json:
    """The schema of a type; those of the types it is made of go into the components."""
    schema = TypeAdapter(shape).json_schema(ref_template=_REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    name = schema.get("title")
    if name is None or schema.get("type") != "object":
        return schema
    schemas[name] = schema
    return {"$ref": _REFERENCE.format(model=name)}
