"""Identify the caller of a request, by the API's bearer token or by the cookie of a browser session.

A bearer token is valid until it expires, unless its account gets a new password or is disabled. A session is stored in
the database, so signing out ends it at once on every instance. A session's token is not accepted as a bearer token, nor
a bearer token as a cookie.
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
from services.portal.accounts.signing_keys import key_id
from services.portal.database import statements
from services.portal.http.cookies import cookie_name, prefixed_name
from services.portal.http.errors import Forbidden, Unauthorized
from services.portal.resources import resources, resources_of
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

# Even if the session is in use: NIST SP 800-63B-4, 2.2.3, limits the time between two sign-ins.
LONGEST_SESSION = timedelta(hours=12)

log = get_logger(__name__)


@dataclass(frozen=True)
class Caller:
    """The person who makes a request.

    Args:
        user_id: Id of the account.
        email: Email address of the account when the token was issued.
        token_id: Unique id of the token.
        csrf_token: Token that the session's forms and scripts must send; None for a bearer token.
    """

    user_id: int
    email: str
    token_id: str
    csrf_token: str | None


def register(app: Flask) -> None:
    """Configure an application's tokens and cookies."""
    environment = resources_of(app).environment
    app.config.update(
        JWT_ALGORITHM=_ALGORITHM,
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=environment.token_seconds),
        JWT_TOKEN_LOCATION=["headers", "cookies"],
        JWT_ACCESS_COOKIE_NAME=prefixed_name(environment, _COOKIE),
        JWT_ACCESS_CSRF_COOKIE_NAME=prefixed_name(environment, "csrf"),
        JWT_COOKIE_SECURE=environment.secure_cookies,
        JWT_COOKIE_SAMESITE="Lax",
    )
    manager = JWTManager(app)
    manager.encode_key_loader(lambda _: resources().keys.newest())
    manager.additional_headers_loader(lambda _: {"kid": key_id(resources().keys.newest())})
    manager.decode_key_loader(lambda header, _claims: resources().keys.find(header.get("kid")))


def session_lifetime(environment: PortalEnvironment) -> SessionLifetime:
    """Return a session's lifetime: it ends after a bearer token's lifetime without use, or after half a day."""
    idle = timedelta(seconds=environment.token_seconds)
    return SessionLifetime(idle=idle, longest=max(idle, LONGEST_SESSION))


def issue_token(user: User) -> str:
    """Issue a bearer token for a client of the API."""
    return _create_token(user)


def begin_session(response: Response, user: User) -> None:
    """Sign a browser in: store the session, set its cookies, and end the browser's earlier session.

    Raises:
        Unauthorized: the account's password was changed at the same moment.
    """
    lifetime = session_lifetime(resources().environment)
    token = _create_token(user, lifetime=lifetime.longest)
    earlier = _session_of_cookie()
    with statements() as connection:
        if earlier is not None:
            close_session(connection, earlier["jti"])
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
    set_access_cookies(response, token)  # type: ignore[arg-type]  # works with any Werkzeug response


def end_session(response: Response) -> None:
    """Sign a browser out: end its session, if there is one, and clear its cookies."""
    claims = _session_of_cookie()
    if claims is not None:
        with statements() as connection:
            close_session(connection, claims["jti"])
        log.info("session ended", user_id=claims["user_id"])
    unset_access_cookies(response)  # type: ignore[arg-type]
    g.pop("caller", None)


def require_caller() -> Caller:
    """Return the person who makes the request.

    Raises:
        Unauthorized: the request has no valid token or session.
        Forbidden: the request changes something in a browser's session without its CSRF token.
    """
    if "caller" not in g:
        has_header = "Authorization" in request.headers
        g.caller = _bearer() if has_header or cookie_name(_COOKIE) not in request.cookies else _session()
    caller: Caller = g.caller
    return caller


def find_caller() -> Caller | None:
    """Return the person who makes the request, or None if the request has no valid token or session.

    Raises:
        Forbidden: the request changes something in a browser's session without its CSRF token.
    """
    try:
        return require_caller()
    except Unauthorized:
        return None


def _create_token(user: User, *, lifetime: timedelta | None = None) -> str:
    claims: dict[str, Any] = {"user_id": user.id, "email": user.email}
    if lifetime is None:
        claims[_GENERATION_CLAIM] = user.token_generation
    else:
        claims[_SESSION_CLAIM] = True
    token: str = create_access_token(f"user:{user.id}", additional_claims=claims, expires_delta=lifetime)
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
    # Tokens of the previous release have no generation; it is 0.
    generation = claims.get(_GENERATION_CLAIM, 0)
    if not resources().revocations.is_valid(claims["user_id"], generation, claims["jti"]):
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
    """Return the claims of the session cookie, whether the session is still open or not."""
    claims = _decode(request.cookies.get(cookie_name(_COOKIE), ""))
    return claims if claims is not None and claims.get(_SESSION_CLAIM) else None


def _decode(token: str) -> dict[str, Any] | None:
    keys = resources().keys
    try:
        # flask-jwt-extended would decode a token three times. Try the newest key, which signed nearly all tokens.
        try:
            claims = _verify(token, keys.newest())
        except InvalidSignatureError:
            claims = _verify(token, keys.find(jwt.get_unverified_header(token).get("kid")))
    except (PyJWTError, UnicodeError):
        return None
    # A token with an audience was issued for another service.
    is_ours = claims.get("type") == "access" and "aud" not in claims
    return claims if is_ours and all(isinstance(claims.get(name), kind) for name, kind in _CLAIMS.items()) else None


def _verify(token: str, key: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=[_ALGORITHM], issuer=ISSUER, options=_REQUIRED)
    return claims
