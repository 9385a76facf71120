"""Errors and the one shape they have: ``{"message": "", "error": "..."}``.

A text of the contract never says more than the client needs; what an operator needs is logged. Who asks for Spanish
is told in Spanish; everybody else gets the contract's English.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, current_app, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.exceptions import NotFound as RouteNotFound
from werkzeug.routing import RequestRedirect

from services.portal.accounts.signing_keys import WeakKey
from services.shared.aws import AWS_ERRORS
from services.shared.telemetry import get_logger

DATABASE_DOWN = (OperationalError, InterfaceError, PoolTimeout)
UNAVAILABLE = "Service temporarily unavailable"
BUG = "Internal server error"
TOO_LARGE = "Request body too large"
UNKNOWN_ROUTE = "404 page not found"
_MACHINE_PATHS = ("/api/", "/health", "/swagger/", "/openapi.json/", "/media/", "/metrics")
_PAGE = "ERROR_PAGE"
_SPANISH = "es_CO"
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT)

log = get_logger(__name__)


class ApiError(Exception):
    """A request that cannot be granted.

    Args:
        status: HTTP status.
        template: what the client is told, as the catalogue of translations has it.
        values: what belongs into it, by name.
    """

    def __init__(self, status: HTTPStatus, template: str, **values: object) -> None:
        self.status = status
        self.text = template % values if values else template
        self._template = template
        self._values = values
        super().__init__(self.text)

    def translated(self) -> str:
        """What the client is told, in the language at hand."""
        return str(gettext(self._template, **self._values))


class Unauthorized(ApiError):
    """Nobody is signed in, or not in a way that holds."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, text)


class Forbidden(ApiError):
    """The person is known and may not do this."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, text)


class BadRequest(ApiError):
    """The request itself is wrong."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, template, **values)


class NotFound(ApiError):
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
    app.register_error_handler(ApiError, _answer)
    app.register_error_handler(RouteNotFound, _unknown_route)
    app.register_error_handler(MethodNotAllowed, _unknown_route)
    app.register_error_handler(
        RequestEntityTooLarge, lambda _: _answer(ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE))
    )
    app.register_error_handler(HTTPException, _http_error)
    for kind in (*AWS_ERRORS, *DATABASE_DOWN, WeakKey):
        app.register_error_handler(kind, _unavailable)
    app.register_error_handler(OSError, _system_error)
    app.register_error_handler(Exception, _bug)


def _answer(error: ApiError) -> ResponseReturnValue:
    page = current_app.config.get(_PAGE)
    if page is not None and not f"{request.path}/".startswith(_MACHINE_PATHS):
        answer: ResponseReturnValue = page(error.status, error.text)
        return answer
    language = _language()
    if language == "es":
        with force_locale(_SPANISH):
            response = jsonify(message="", error=error.translated())
    else:
        response = jsonify(message="", error=error.text)
    response.headers["Content-Language"] = language
    response.vary.add("Accept-Language")
    return response, error.status


def _language() -> str:
    """English, whose texts clients of the contract compare, unless the caller would rather have Spanish."""
    for tag, quality in request.accept_languages:
        language = tag.split("-")[0].lower()
        if language in ("en", "es") and quality > 0:
            return language
    return "en"


def _unknown_route(error: HTTPException) -> ResponseReturnValue:
    # As the original's router: no 405, and a slash too many is led to the route without it.
    trimmed = request.path.rstrip("/")
    if trimmed != request.path and _leads_somewhere(trimmed):
        query = request.query_string.decode("latin-1")
        code = HTTPStatus.MOVED_PERMANENTLY if request.method in ("GET", "HEAD") else HTTPStatus.TEMPORARY_REDIRECT
        return redirect(f"{request.script_root}{trimmed}{'?' if query else ''}{query}", code)
    if current_app.config.get(_PAGE) is not None and not f"{request.path}/".startswith(_MACHINE_PATHS):
        return _answer(NotFound(UNKNOWN_ROUTE))
    return UNKNOWN_ROUTE, HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}


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
    return _answer(ApiError(status, status.phrase))


def _unavailable(error: Exception) -> ResponseReturnValue:
    log.error("a service the portal needs did not answer", error=type(error).__name__, exc_info=error)
    return _answer(ApiError(HTTPStatus.SERVICE_UNAVAILABLE, UNAVAILABLE))


def _system_error(error: OSError) -> ResponseReturnValue:
    # A disk that uploads have filled is empty again once they are stored; everything else of this kind is a bug.
    return _unavailable(error) if error.errno in _FULL_DISK else _bug(error)


def _bug(error: Exception) -> ResponseReturnValue:
    log.error("a request failed", exc_info=error)
    return _answer(ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, BUG))
