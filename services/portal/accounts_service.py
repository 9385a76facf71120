"""Accounts: sign-up, sign-in, sign-out, sessions and passwords, for the API and the pages alike."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import request
from werkzeug.wrappers import Response

from services.contest import users
from services.contest.revoked_tokens import revoke_token
from services.contest.sessions import close_other_sessions, close_user_session
from services.contest.users import User, add_user, find_user, find_user_by_email, set_password_hash
from services.portal.accounts.identity import Caller, end_session
from services.portal.accounts.passwords import hash_password, is_common, is_outdated, password_matches
from services.portal.database import statements, transaction
from services.portal.http import limits
from services.portal.http.errors import BadRequest, Forbidden, NotFound, Unauthorized
from services.portal.request_models import PasswordChange, UserLogin, UserRegistration
from services.portal.resources import resources
from services.shared.telemetry import get_logger

DIFFERENT = "Passwords do not match"
COMMON = "Password is too common, choose another one"
WRONG_PASSWORD = "Current password is not correct"
DISABLED = "This account is disabled"
UNKNOWN = "User not found"
NO_SESSION = "Session not found"
_SESSION_ID = re.compile(r"[0-9]{1,9}")

log = get_logger(__name__)


def sign_up(registration: UserRegistration) -> int:
    """Create an account; return its id.

    Raises:
        BadRequest: the passwords differ or are too common, or the email address has an account already.
        LimitReached: too many accounts were created from this address.
    """
    _check_new_password(registration.password1, registration.password2)
    with statements() as connection:
        limits.attempt(connection, (limits.SIGN_UP, limits.network()))
        taken = find_user_by_email(connection, registration.email) is not None
    if not taken:
        # Hash without holding a connection. Of parallel sign-ups with one address the insert accepts one.
        password_hash = hash_password(registration.password1)
        with statements() as connection:
            user_id = add_user(
                connection,
                first_name=registration.first_name,
                last_name=registration.last_name,
                email=registration.email,
                password_hash=password_hash,
                city=registration.city,
                country=registration.country,
            )
        if user_id is not None:
            log.info("account created", user_id=user_id, address=request.remote_addr)
            return user_id
    raise BadRequest("Email already registered")


def sign_in(login: UserLogin) -> User:
    """Return the account with an email address and password; replace its hash if that is outdated.

    Raises:
        Unauthorized: the account does not exist or the password is wrong; both give the same error.
        Forbidden: the account is disabled; raised only if the password is right.
        LimitReached: there were too many failed attempts.
    """
    with statements() as connection:
        user = find_user_by_email(connection, login.email)
        attempt = limits.attempt_sign_in(connection, str(user.id) if user else login.email.lower())
    if not password_matches(user.password_hash if user else None, login.password) or user is None:
        log.warning("login failed", user_id=user.id if user else None, address=request.remote_addr)
        raise Unauthorized("Invalid credentials")
    new_hash = hash_password(login.password) if is_outdated(user.password_hash) else None
    with statements() as connection:
        attempt.succeed(connection)
        if new_hash is not None:
            set_password_hash(connection, user.id, new_hash, replacing=user.password_hash)
    if user.disabled_at is not None:
        log.warning("login refused", user_id=user.id, address=request.remote_addr, reason="disabled")
        raise Forbidden(DISABLED)
    log.info("login ok", user_id=user.id, address=request.remote_addr)
    return user


def sign_out(caller: Caller, response: Response) -> None:
    """End the browser's session, if the caller has one, and clear its cookies.

    A bearer token is revoked only with ``revoke_bearer_on_logout``: by the contract it stays valid after the logout.
    """
    end_session(response)
    if caller.csrf_token is None and resources().environment.revoke_bearer_on_logout:
        with statements() as connection:
            revoke_token(connection, caller.token_id, timedelta(seconds=resources().environment.token_seconds))
        resources().revocations.forget()
    log.info("signed out", user_id=caller.user_id)


def change_password(caller: Caller, change: PasswordChange) -> None:
    """Change an account's password; end its other sessions and all bearer tokens.

    Raises:
        BadRequest: the new passwords differ or are too common, or the current password is wrong.
        LimitReached: there were too many wrong current passwords.
        NotFound: the account does not exist.
    """
    _check_new_password(change.password1, change.password2)
    with statements() as connection:
        attempt = limits.attempt(connection, (limits.PASSWORD, str(caller.user_id)))
        user = find_user(connection, caller.user_id)
    if user is None:
        raise NotFound(UNKNOWN)
    if not password_matches(user.password_hash, change.current_password):
        log.warning("password change refused", user_id=user.id, address=request.remote_addr)
        raise BadRequest(WRONG_PASSWORD)
    new_hash = hash_password(change.password1)
    with transaction() as connection:
        if not users.change_password(connection, user.id, new_hash, replacing=user.password_hash):
            # A parallel request changed the password first.
            raise BadRequest(WRONG_PASSWORD)
        ended = close_other_sessions(connection, user.id, token_id=caller.token_id)
    with statements() as connection:
        attempt.succeed(connection)
    resources().revocations.forget()
    log.info("password changed", user_id=user.id, address=request.remote_addr, sessions_ended=ended)


def end_one_session(caller: Caller, session_id: str) -> None:
    """End one session of the caller.

    Raises:
        NotFound: the caller has no such session.
    """
    is_valid = _SESSION_ID.fullmatch(session_id) is not None
    with statements() as connection:
        if not is_valid or not close_user_session(connection, caller.user_id, int(session_id)):
            raise NotFound(NO_SESSION)
    log.info("session revoked", user_id=caller.user_id, session_id=int(session_id))


def end_other_sessions(caller: Caller) -> int:
    """End all sessions of the caller except the current one; return how many ended."""
    with statements() as connection:
        ended = close_other_sessions(connection, caller.user_id, token_id=caller.token_id)
    log.info("other sessions revoked", user_id=caller.user_id, sessions_ended=ended)
    return ended


def _check_new_password(password: str, repeated: str) -> None:
    if password != repeated:
        raise BadRequest(DIFFERENT)
    if is_common(password):
        raise BadRequest(COMMON)
