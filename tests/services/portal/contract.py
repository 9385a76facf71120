"""Holds an application to its own OpenAPI document: every status and every body it answers must be in it."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, Response, request
from jsonschema import Draft202012Validator

from services.portal.api.openapi import document


class Contract:
    """Watches what an application answers.

    Args:
        app: before its first request.
    """

    def __init__(self, app: Flask) -> None:
        self._document = document(app)
        self.breaches: list[str] = []
        app.after_request(self._check)

    def _check(self, response: Response) -> Response:
        operation = self._operation()
        if operation is not None:
            self._compare(operation, response)
        return response

    def _operation(self) -> dict[str, Any] | None:
        if request.url_rule is None:
            return None
        path = re.sub(r"<(\w+)>", r"{\1}", request.url_rule.rule)
        found: dict[str, Any] | None = self._document["paths"].get(path, {}).get(request.method.lower())
        return found

    def _compare(self, operation: dict[str, Any], response: Response) -> None:
        where = f"{request.method} {request.path} {response.status_code}"
        described = operation["responses"].get(str(response.status_code))
        if described is None:
            self.breaches.append(f"{where}: the status is not declared: {response.get_data(as_text=True)[:200]}")
        elif "content" in described:
            schema = described["content"]["application/json"]["schema"]
            validator = Draft202012Validator({**schema, "components": self._document["components"]})
            self.breaches += [f"{where}: {error.message}" for error in validator.iter_errors(response.json)]
