"""Who makes a request: a bearer token of the API, or the cookie of a browser's session.

A bearer token stands for itself until it expires, unless its account was given a new password or was disabled. A
session is remembered in the database, so that signing out ends it at once on every instance; its cookie is no bearer
token, nor the other way round.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from flask import Flask, g, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    decode_token,
    set_access_cookies,
    unset_access_cookies,
)
from jwt.exceptions import InvalidSignatureError, PyJWTError
from jwt.types import Options
from werkzeug.wrappers import Response

from services.contest.sessions import SessionLifetime, close_session, keep_session_open, open_session
from services.contest.users import User
from services.environment import PortalEnvironment
from services.portal.accounts.signing_keys import name_of
from services.portal.database import statements
from services.portal.http.cookies import cookie_name, name_in
from services.portal.http.errors import Forbidden, Unauthorized
from services.portal.resources import resources
from services.shared.telemetry import get_logger

ISSUER = "anb-rising-stars"
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-TOKEN"
NO_HEADER = "Authorization header required"
WRONG_HEADER = "Invalid authorization header format"
INVALID_TOKEN = "Invalid or expired token"
NO_CSRF_TOKEN = "Missing or invalid CSRF token"
_COOKIE = "session"
_SCHEME = "Bearer "
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_SESSION_CLAIM = "session"
_GENERATION_CLAIM = "generation"
_ALGORITHM = "HS256"
_REQUIRED: Options = {"require": ["exp", "sub"], "verify_aud": False}
_CLAIMS = {"user_id": int, "email": str, "jti": str, "csrf": str}

# However much it is used: NIST SP 800-63B-4, 2.2.3, asks people to sign in again after so long.
LONGEST_SESSION = timedelta(hours=12)

log = get_logger(__name__)


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
    app.config.update(
        JWT_ALGORITHM=_ALGORITHM,
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=environment.token_seconds),
        JWT_TOKEN_LOCATION=["headers", "cookies"],
        JWT_ACCESS_COOKIE_NAME=name_in(environment, _COOKIE),
        JWT_ACCESS_CSRF_COOKIE_NAME=name_in(environment, "csrf"),
        JWT_COOKIE_SECURE=environment.secure_cookies,
        JWT_COOKIE_SAMESITE="Lax",
    )
    manager = JWTManager(app)
    manager.encode_key_loader(lambda _: resources().keys.newest())
    manager.additional_headers_loader(lambda _: {"kid": name_of(resources().keys.newest())})
    manager.decode_key_loader(lambda header, _claims: resources().keys.named(header.get("kid")))


def session_lifetime(environment: PortalEnvironment) -> SessionLifetime:
    """How long a browser's session lives: unused for as long as a bearer token, and half a day at most."""
    idle = timedelta(seconds=environment.token_seconds)
    return SessionLifetime(idle=idle, longest=max(idle, LONGEST_SESSION))


def issue_token(user: User) -> str:
    """A bearer token for a client of the API."""
    return _create_token(user)


def begin_session(response: Response, user: User) -> None:
    """Sign a browser in: remember the session, give the answer its cookies, and end the session it had before.

    Raises:
        Unauthorized: the account was given another password in this moment.
    """
    lifetime = session_lifetime(resources().environment)
    token = _create_token(user, lasting=lifetime.longest)
    before = _session_of_cookie()
    with statements() as connection:
        if before is not None:
            close_session(connection, before["jti"])
        opened = open_session(
            connection,
            user.id,
            decode_token(token)["jti"],
            generation=user.token_generation,
            lifetime=lifetime,
            address=request.remote_addr,
            agent=request.user_agent.string,
        )
    if not opened:
        raise Unauthorized("Invalid credentials")
    set_access_cookies(response, token)  # type: ignore[arg-type]  # it sets cookies, as every answer of Werkzeug can


def end_session(response: Response) -> None:
    """Sign a browser out: revoke the session, if there is one, and clear its cookies."""
    claims = _session_of_cookie()
    if claims is not None:
        with statements() as connection:
            close_session(connection, claims["jti"])
        log.info("session ended", user_id=claims["user_id"])
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
        g.caller = _bearer() if has_header or cookie_name(_COOKIE) not in request.cookies else _session()
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


def _create_token(user: User, *, lasting: timedelta | None = None) -> str:
    claims: dict[str, Any] = {"user_id": user.id, "email": user.email}
    if lasting is None:
        claims[_GENERATION_CLAIM] = user.token_generation
    else:
        claims[_SESSION_CLAIM] = True
    token: str = create_access_token(f"user:{user.id}", additional_claims=claims, expires_delta=lasting)
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
    # The release before gave its tokens no generation; they are of the first.
    generation = claims.get(_GENERATION_CLAIM, 0)
    if not resources().revocations.hold(claims["user_id"], generation, claims["jti"]):
        raise Unauthorized(INVALID_TOKEN)
    return Caller(claims["user_id"], claims["email"], claims["jti"], csrf_token=None)


def _session() -> Caller:
    claims = _session_of_cookie()
    if claims is None:
        raise Unauthorized(INVALID_TOKEN)
    with statements() as connection:
        if not keep_session_open(connection, claims["jti"], session_lifetime(resources().environment)):
            raise Unauthorized(INVALID_TOKEN)
    if request.method not in _SAFE_METHODS:
        sent = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
        if not hmac.compare_digest(sent.encode(), claims["csrf"].encode()):
            raise Forbidden(NO_CSRF_TOKEN)
    return Caller(claims["user_id"], claims["email"], claims["jti"], claims["csrf"])


def _session_of_cookie() -> dict[str, Any] | None:
    """What the session's cookie says, whether the session is still open or not."""
    claims = _decode(request.cookies.get(cookie_name(_COOKIE), ""))
    return claims if claims is not None and claims.get(_SESSION_CLAIM) else None


def _decode(token: str) -> dict[str, Any] | None:
    keys = resources().keys
    try:
        # flask-jwt-extended reads a token three times. Nearly all are of the newest key; others name theirs.
        try:
            claims = _verify(token, keys.newest())
        except InvalidSignatureError:
            claims = _verify(token, keys.named(jwt.get_unverified_header(token).get("kid")))
    except (PyJWTError, UnicodeError):
        return None
    # Ours are of this type and name no audience; one that does was made for another service.
    is_for_us = claims.get("type") == "access" and "aud" not in claims
    return claims if is_for_us and all(isinstance(claims.get(name), kind) for name, kind in _CLAIMS.items()) else None


def _verify(token: str, key: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=[_ALGORITHM], issuer=ISSUER, options=_REQUIRED)
    return claims
