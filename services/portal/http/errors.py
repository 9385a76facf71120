"""Error responses; all have the shape ``{"message": "", "error": "..."}``.

An error text contains only what the client needs; details for operators are logged. The text is in Spanish if
Accept-Language prefers it, and otherwise in the contract's English.
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
_JSON_PATHS = ("/api/", "/health", "/swagger/", "/openapi.json/", "/media/", "/metrics")
_RENDER = "ERROR_PAGE"
_SPANISH = "es_CO"
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT)

log = get_logger(__name__)


class ApiError(Exception):
    """A request that is refused.

    Args:
        status: HTTP status.
        template: Error text, the message id of its translation.
        values: Values of the template's placeholders, by name.
    """

    def __init__(self, status: HTTPStatus, template: str, **values: object) -> None:
        self.status = status
        self.text = template % values if values else template
        self._template = template
        self._values = values
        super().__init__(self.text)

    def translated(self) -> str:
        """Return the error text in the current language."""
        return str(gettext(self._template, **self._values))


class Unauthorized(ApiError):
    """The request has no valid token or session."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, text)


class Forbidden(ApiError):
    """The caller may not do this."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, text)


class BadRequest(ApiError):
    """The request is invalid."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, template, **values)


class NotFound(ApiError):
    """The requested object does not exist."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.NOT_FOUND, text)


class Conflict(ApiError):
    """The request is valid but conflicts with the current state."""

    def __init__(self, text: str) -> None:
        super().__init__(HTTPStatus.CONFLICT, text)


def use_error_pages(app: Flask, render: Callable[[int, str], ResponseReturnValue]) -> None:
    """Render errors as pages, except under the paths of the API.

    Args:
        render: Creates the response from a status and the error text in English.
    """
    app.config[_RENDER] = render


def register(app: Flask) -> None:
    """Register error handlers for all exceptions."""
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
    render = current_app.config.get(_RENDER)
    if render is not None and not f"{request.path}/".startswith(_JSON_PATHS):
        answer: ResponseReturnValue = render(error.status, error.text)
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
    """Return ``es`` if Accept-Language prefers Spanish, else ``en``, the texts that API clients compare."""
    for tag, quality in request.accept_languages:
        language = tag.split("-")[0].lower()
        if language in ("en", "es") and quality > 0:
            return language
    return "en"


def _unknown_route(error: HTTPException) -> ResponseReturnValue:
    # As in the original's router: no 405, and a trailing slash is redirected to the route without it.
    trimmed = request.path.rstrip("/")
    if trimmed != request.path and _has_route(trimmed):
        query = request.query_string.decode("latin-1")
        code = HTTPStatus.MOVED_PERMANENTLY if request.method in ("GET", "HEAD") else HTTPStatus.TEMPORARY_REDIRECT
        return redirect(f"{request.script_root}{trimmed}{'?' if query else ''}{query}", code)
    if current_app.config.get(_RENDER) is not None and not f"{request.path}/".startswith(_JSON_PATHS):
        return _answer(NotFound(UNKNOWN_ROUTE))
    return UNKNOWN_ROUTE, HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}


def _has_route(path: str) -> bool:
    # Two leading slashes would redirect to another host.
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
    # A disk that is full of uploads has room again once they are stored; any other OSError is a bug.
    return _unavailable(error) if error.errno in _FULL_DISK else _bug(error)


def _bug(error: Exception) -> ResponseReturnValue:
    log.error("a request failed", exc_info=error)
    return _answer(ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, BUG))
