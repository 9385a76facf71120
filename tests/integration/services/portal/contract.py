"""Check that an application responds only with statuses, fields and error texts in its own OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, Response, current_app, request
from jsonschema import Draft202012Validator

from services.portal.api.openapi import document
from services.portal.api.operation import operation_of
from services.portal.api.responses import refusals


def forbid_extra_fields(schema: Any) -> Any:
    """Return a schema whose objects allow no undeclared fields."""
    if isinstance(schema, list):
        return [forbid_extra_fields(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: forbid_extra_fields(part) for name, part in schema.items()}
    return {"additionalProperties": False, **parts} if "properties" in schema else parts


class ClosedDocument:
    """An OpenAPI document that allows no undeclared fields.

    Args:
        served: The document as the application serves it.
    """

    def __init__(self, served: dict[str, Any]) -> None:
        self._document = forbid_extra_fields(served)
        self._validators: dict[int, Draft202012Validator] = {}

    def operation(self, path: str, method: str) -> dict[str, Any] | None:
        """Find the declared operation of a path and method; None if there is none."""
        declared: dict[str, Any] | None = self._document["paths"].get(path, {}).get(method.lower())
        return declared

    def validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        """Return the validator of a schema; cached, because each one reads the whole document."""
        if id(schema) not in self._validators:
            self._validators[id(schema)] = Draft202012Validator({**schema, "components": self._document["components"]})
        return self._validators[id(schema)]


_documents: dict[tuple[object, ...], ClosedDocument] = {}


def closed_document(app: Flask) -> ClosedDocument:
    """Return an application's document; cached by routes and cookie name, on which it depends."""
    routes = sorted((rule.rule, rule.endpoint) for rule in app.url_map.iter_rules())
    key = (app.config["JWT_ACCESS_COOKIE_NAME"], *routes)
    if key not in _documents:
        _documents[key] = ClosedDocument(document(app))
    return _documents[key]


class Contract:
    """Check an application's responses against its OpenAPI document.

    Args:
        app: Application that has not served a request yet.
    """

    def __init__(self, app: Flask) -> None:
        self._document = closed_document(app)
        self.breaches: list[str] = []
        app.after_request(self._check)

    def take_breaches(self) -> list[str]:
        """Return the breaches since the last call."""
        taken, self.breaches = self.breaches, []
        return taken

    def _check(self, response: Response) -> Response:
        operation = self._operation()
        if operation is not None:
            self._compare(operation, response)
            self._compare_text(response)
        return response

    def _compare_text(self, response: Response) -> None:
        declared = operation_of(current_app.view_functions[request.endpoint or ""])
        if declared is None or response.headers.get("Content-Language") != "en":
            return
        text = (response.json or {}).get("error", "")
        templates = refusals(declared).get(response.status_code, ())
        patterns = [re.sub(r"%\\\((\w+)\\\)s", ".*", re.escape(template)) for template in templates]
        if not any(re.fullmatch(pattern, text, re.DOTALL) for pattern in patterns):
            self.breaches.append(f"{request.method} {request.path} {response.status_code}: {text!r} is not declared")

    def _operation(self) -> dict[str, Any] | None:
        if request.url_rule is None:
            return None
        path = re.sub(r"<(\w+)>", r"{\1}", request.url_rule.rule)
        return self._document.operation(path, request.method)

    def _compare(self, operation: dict[str, Any], response: Response) -> None:
        where = f"{request.method} {request.path} {response.status_code}"
        response_object = operation["responses"].get(str(response.status_code))
        if response_object is None:
            self.breaches.append(f"{where}: the status is not declared: {response.get_data(as_text=True)[:200]}")
        elif "content" in response_object:
            schema = response_object["content"]["application/json"]["schema"]
            errors = self._document.validator(schema).iter_errors(response.json)
            self.breaches += [f"{where}: {error.message}" for error in errors]
