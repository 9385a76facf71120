"""The OpenAPI 3.1 document, generated from the routes' declarations."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Flask
from pydantic import TypeAdapter
from werkzeug.routing import Rule

from services.portal.accounts.identity import CSRF_HEADER
from services.portal.api.examples import curl, example
from services.portal.api.health import VERSION
from services.portal.api.operation import Operation, operation_of
from services.portal.api.responses import HEADERS, responses

_REFERENCE = "#/components/schemas/{model}"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SAFE_METHODS = ("GET",)
_DESCRIPTION = """\
The API of ANB Rising Stars: young basketball players of Colombia show their game on video, and the public votes.

Sign up, log in, and send the token as `Authorization: Bearer ...`. Every error is `{"message": "", "error": "..."}`,
in English, or in Spanish where `Accept-Language` asks for it. Every response has `X-Request-Id`; quote it when you
ask for help. Any other path or method gets 404 and the text `404 page not found`.
"""

Json = dict[str, Any]


def document(app: Flask) -> Json:
    """Generate the OpenAPI document of an application's routes."""
    schemas: Json = {}
    paths: Json = {}
    tags: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        declared = operation_of(view)
        if declared is not None:
            tags[_tag(rule)] = (sys.modules[view.__module__].__doc__ or "").split("\n")[0]
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for method in sorted(set(rule.methods or ()) & set(_METHODS)):
                described = _operation(rule, method, declared, view, schemas)
                described["x-codeSamples"] = [{"lang": "sh", "label": "curl", "source": curl(path, method, described)}]
                paths.setdefault(path, {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ANB Rising Stars",
            "version": VERSION,
            "summary": "Videos of young basketball players, and the public's votes.",
            "description": _DESCRIPTION,
            "contact": {"name": "ANB Rising Stars", "url": "/docs"},
        },
        "servers": [{"url": "/", "description": "portal that serves this document"}],
        "tags": [{"name": name, "description": description} for name, description in sorted(tags.items())],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {name: _with_example(schema, schemas) for name, schema in sorted(schemas.items())},
            "headers": HEADERS,
            "securitySchemes": _security_schemes(app),
        },
    }


def _security_schemes(app: Flask) -> Json:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "token of /api/auth/login",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": app.config["JWT_ACCESS_COOKIE_NAME"],
            "description": "session cookie of a browser",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "value of the csrf cookie; required for changes with a session cookie",
        },
    }


def _tag(rule: Rule) -> str:
    return str(rule.endpoint.split(".")[0])


def _operation(rule: Rule, method: str, declared: Operation, view: Callable[..., Any], schemas: Json) -> Json:
    def schema_of(shape: Any) -> Json:
        return _schema(shape, schemas)

    # The docstring's first line is the summary, the rest the description.
    summary, _, more = (view.__doc__ or "").strip().partition("\n")
    described: Json = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [_tag(rule)],
        "summary": summary,
    }
    if more.strip():
        described["description"] = more.strip()
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": _path_example(name)}
        for name in sorted(rule.arguments)
    ]
    parameters += [_query_parameter(name, schema) for name, schema in declared.query.items()]
    if parameters:
        described["parameters"] = parameters
    if declared.body is not None:
        schema = schema_of(declared.body)
        content = {"application/json": {"schema": schema, "example": example(schema, schemas)}}
        described["requestBody"] = {"required": True, "content": content}
    if declared.multipart is not None:
        form: Json = {"multipart/form-data": {"schema": dict(declared.multipart)}}
        described["requestBody"] = {"required": True, "content": form}
    described["responses"] = responses(declared, schema_of, schemas, has_path=bool(rule.arguments))
    if declared.signed_in:
        by_cookie: Json = {"session": []} if method in _SAFE_METHODS else {"session": [], "csrf": []}
        described["security"] = [{"bearer": []}, by_cookie]
    return described


def _path_example(name: str) -> Any:
    return example({"type": "string"}, {}, name)


def _query_parameter(name: str, schema: Json) -> Json:
    rules: Json = {rule: value for rule, value in schema.items() if rule != "description"}
    if rules.get("type") == "integer":
        # As in the original, an empty value counts as missing.
        rules = {"anyOf": [{**rules}, {"const": ""}]}
    return {"name": name, "in": "query", "schema": rules, "description": schema.get("description", "")}


def _with_example(schema: Json, schemas: Json) -> Json:
    return {**schema, "examples": [example(schema, schemas)]} if "properties" in schema else schema


def _schema(shape: Any, schemas: Json) -> Json:
    """Return the schema of a type, and add the schemas of its parts to the components."""
    schema, parts = _schemas_of(shape)
    schemas.update(parts)
    return schema


@cache
def _schemas_of(shape: Any) -> tuple[Json, Json]:
    """Return the schema of a type and the components it refers to; cached, as most types are in many operations."""
    schema = TypeAdapter(shape).json_schema(ref_template=_REFERENCE)
    parts: Json = schema.pop("$defs", {})
    name = schema.get("title")
    if name is None or schema.get("type") != "object":
        return schema, parts
    return {"$ref": _REFERENCE.format(model=name)}, {**parts, name: schema}
