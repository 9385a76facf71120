"""Who makes a request: a bearer token of the API, or the cookie of a browser's session.

A bearer token stands for itself until it expires. A session is remembered in the database, so that
signing out ends it at once on every instance; its cookie is no bearer token, nor the other way round.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, g, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    decode_token,
    set_access_cookies,
    unset_access_cookies,
)
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from werkzeug.wrappers import Response

from services.core.sessions import close_session, is_session_open, open_session
from services.core.users import User
from services.environment import PortalEnvironment
from services.portal.database import statements
from services.portal.errors import Forbidden, Unauthorized
from services.portal.resources import resources
from services.portal.signing import name_of

ISSUER = "anb-rising-stars"
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-TOKEN"
NO_HEADER = "Authorization header required"
WRONG_HEADER = "Invalid authorization header format"
INVALID_TOKEN = "Invalid or expired token"
NO_CSRF_TOKEN = "Missing or invalid CSRF token"
_SCHEME = "Bearer "
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_SESSION_CLAIM = "session"


@dataclass(frozen=True)
class Caller:
    """The person who makes a request.

    Args:
        user_id: the account's id.
        email: the account's address when the token was issued.
        token_id: the token's unique id.
        csrf_token: what forms and scripts of this session send along; None for a bearer token.
    """

    user_id: int
    email: str
    token_id: str
    csrf_token: str | None


def register(app: Flask, environment: PortalEnvironment) -> None:
    """Give an application its tokens and cookies.

    Args:
        environment: how long tokens last, and whether cookies travel over HTTPS only.
    """
    # A browser takes a __Host- cookie only from this very host, over HTTPS, for all its paths.
    prefix = "__Host-" if environment.secure_cookies else ""
    app.config.update(
        JWT_ALGORITHM="HS256",
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=environment.token_seconds),
        JWT_TOKEN_LOCATION=["headers", "cookies"],
        JWT_ACCESS_COOKIE_NAME=f"{prefix}session",
        JWT_ACCESS_CSRF_COOKIE_NAME=f"{prefix}csrf",
        JWT_COOKIE_SECURE=environment.secure_cookies,
        JWT_COOKIE_SAMESITE="Lax",
    )
    manager = JWTManager(app)
    manager.encode_key_loader(lambda _: resources().keys.newest())
    manager.additional_headers_loader(lambda _: {"kid": name_of(resources().keys.newest())})
    manager.decode_key_loader(lambda header, _claims: resources().keys.named(header.get("kid")))


def issue_token(user: User) -> str:
    """A bearer token for a client of the API."""
    return _create_token(user)


def begin_session(response: Response, user: User) -> None:
    """Sign a browser in: remember the session and give the answer its cookies."""
    token = _create_token(user, session=True)
    with statements() as connection:
        open_session(
            connection,
            user.id,
            decode_token(token)["jti"],
            seconds=resources().environment.token_seconds,
            address=request.remote_addr,
            agent=request.user_agent.string,
        )
    set_access_cookies(response, token)  # type: ignore[arg-type]  # it sets cookies, as every answer of Werkzeug can


def end_session(response: Response) -> None:
    """Sign a browser out: revoke the session, if there is one, and clear its cookies."""
    claims = _decode(request.cookies.get(_cookie_name(), ""))
    if claims is not None and claims.get(_SESSION_CLAIM):
        with statements() as connection:
            close_session(connection, claims["jti"])
    unset_access_cookies(response)  # type: ignore[arg-type]
    g.pop("caller", None)


def require_caller() -> Caller:
    """The person who makes the request.

    Raises:
        Unauthorized: nobody is signed in, with the contract's texts.
        Forbidden: a browser's session asks for a change without its CSRF token.
    """
    if "caller" not in g:
        has_header = "Authorization" in request.headers
        g.caller = _bearer() if has_header or _cookie_name() not in request.cookies else _session()
    caller: Caller = g.caller
    return caller


def find_caller() -> Caller | None:
    """The person who makes the request, or None where nobody is signed in.

    Raises:
        Forbidden: a browser's session asks for a change without its CSRF token.
    """
    try:
        return require_caller()
    except Unauthorized:
        return None


def _create_token(user: User, *, session: bool = False) -> str:
    claims: dict[str, Any] = {"user_id": user.id, "email": user.email}
    if session:
        claims[_SESSION_CLAIM] = True
    token: str = create_access_token(f"user:{user.id}", additional_claims=claims)
    return token


def _bearer() -> Caller:
    header = request.headers.get("Authorization")
    if not header:
        raise Unauthorized(NO_HEADER)
    token = header.removeprefix(_SCHEME)
    if token == header or not token:
        raise Unauthorized(WRONG_HEADER)
    claims = _decode(token)
    if claims is None or claims.get(_SESSION_CLAIM):
        raise Unauthorized(INVALID_TOKEN)
    return Caller(claims["user_id"], claims["email"], claims["jti"], csrf_token=None)


def _session() -> Caller:
    claims = _decode(request.cookies[_cookie_name()])
    if claims is None or not claims.get(_SESSION_CLAIM):
        raise Unauthorized(INVALID_TOKEN)
    with statements() as connection:
        if not is_session_open(connection, claims["jti"]):
            raise Unauthorized(INVALID_TOKEN)
    if request.method not in _SAFE_METHODS:
        sent = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
        if not hmac.compare_digest(sent.encode(), claims["csrf"].encode()):
            raise Forbidden(NO_CSRF_TOKEN)
    return Caller(claims["user_id"], claims["email"], claims["jti"], claims["csrf"])


def _decode(token: str) -> dict[str, Any] | None:
    try:
        claims: dict[str, Any] = decode_token(token)
    except (PyJWTError, JWTExtendedException, UnicodeError):
        return None
    expected = {"user_id": int, "email": str, "jti": str, "csrf": str}
    return claims if all(isinstance(claims.get(name), kind) for name, kind in expected.items()) else None


def _cookie_name() -> str:
    return "__Host-session" if resources().environment.secure_cookies else "session"
