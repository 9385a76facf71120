"""Errors and the one shape they have: ``{"message": "", "error": "..."}``.

A text of the contract never says more than the client needs; what an operator needs is logged.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, current_app, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from services.core.aws import AWS_ERRORS
from services.core.telemetry import get_logger

DATABASE_DOWN = (OperationalError, InterfaceError, PoolTimeout)
UNAVAILABLE = "Service temporarily unavailable"
_MACHINE_PATHS = ("/api/", "/health", "/swagger/", "/media/")
_PAGE = "ERROR_PAGE"

log = get_logger(__name__)


class ApiError(Exception):
    """A request that cannot be granted.

    Args:
        status: HTTP status.
        text: what the client is told.
    """

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Unauthorized(ApiError):
    """Nobody is signed in, or not in a way that holds."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, text)


class Forbidden(ApiError):
    """The person is known and may not do this."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, text)


class Refused(ApiError):
    """The request itself is wrong."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, text)


class Missing(ApiError):
    """What was asked for is not there."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.NOT_FOUND, text)


class Conflict(ApiError):
    """The request is right in itself and does not go with what is there."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.CONFLICT, text)


def show_pages_with(app: Flask, page: Callable[[int, str], ResponseReturnValue]) -> None:
    """Let people see errors as pages; the machines' paths keep their JSON.

    Args:
        page: makes the answer from a status and the text of the contract.
    """
    app.config[_PAGE] = page


def register(app: Flask) -> None:
    """Answer every failure of an application in the contract's shape."""
    app.register_error_handler(ApiError, lambda error: _answer(error.status, error.text))
    app.register_error_handler(NotFound, _unknown_route)
    app.register_error_handler(MethodNotAllowed, _unknown_route)
    app.register_error_handler(
        RequestEntityTooLarge, lambda _: _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request body too large")
    )
    app.register_error_handler(HTTPException, _http_error)
    for kind in (*AWS_ERRORS, *DATABASE_DOWN):
        app.register_error_handler(kind, _unavailable)
    app.register_error_handler(Exception, _bug)


def _answer(status: HTTPStatus, text: str) -> ResponseReturnValue:
    page = current_app.config.get(_PAGE)
    if page is not None and not f"{request.path}/".startswith(_MACHINE_PATHS):
        answer: ResponseReturnValue = page(status, text)
        return answer
    return jsonify(message="", error=text), status


def _unknown_route(error: HTTPException) -> ResponseReturnValue:
    # As the original's router: no 405, and a slash too many is led to the route without it.
    trimmed = request.path.rstrip("/")
    if trimmed != request.path and _leads_somewhere(trimmed):
        query = request.query_string.decode("latin-1")
        code = HTTPStatus.MOVED_PERMANENTLY if request.method in ("GET", "HEAD") else HTTPStatus.TEMPORARY_REDIRECT
        return redirect(f"{request.script_root}{trimmed}{'?' if query else ''}{query}", code)
    if current_app.config.get(_PAGE) is not None and not f"{request.path}/".startswith(_MACHINE_PATHS):
        return _answer(HTTPStatus.NOT_FOUND, "404 page not found")
    return "404 page not found", HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}


def _leads_somewhere(path: str) -> bool:
    # Two slashes at the start would name another host.
    if not path or path.startswith("//"):
        return False
    adapter = current_app.create_url_adapter(request)
    return adapter is not None and adapter.test(path, method=request.method)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, RequestRedirect):
        return error.get_response(request.environ)
    status = HTTPStatus(error.code or 500)
    return _answer(status, status.phrase)


def _unavailable(error: Exception) -> ResponseReturnValue:
    log.error("a service the portal needs did not answer", error=type(error).__name__, exc_info=error)
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, UNAVAILABLE)


def _bug(error: Exception) -> ResponseReturnValue:
    log.error("a request failed", exc_info=error)
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error")
