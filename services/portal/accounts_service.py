"""Accounts: signing up, in and out, and a new password, for the API and the pages alike."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import request
from werkzeug.wrappers import Response

from services.contest.revoked_tokens import revoke_token
from services.contest.sessions import close_other_sessions, close_user_session
from services.contest.users import User, add_user, change_password, find_user, find_user_by_email, set_password_hash
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
    """Create an account; returns its id.

    Raises:
        BadRequest: the passwords differ or are among the first that are tried, or the address has an account already.
        LimitReached: too many accounts were made from this place.
    """
    _check_new_password(registration.password1, registration.password2)
    with statements() as connection:
        limits.attempt(connection, (limits.SIGN_UP, limits.network()))
        taken = find_user_by_email(connection, registration.email) is not None
    if not taken:
        # No connection is held while the password is hashed. The insert decides between parallel sign-ups.
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
    """The account whose address and password these are; a hash of an older kind is renewed.

    Raises:
        Unauthorized: there is no such account or the password is another; the answer does not tell which.
        Forbidden: the account is disabled; only who knows its password is told.
        LimitReached: this was tried too often.
    """
    with statements() as connection:
        user = find_user_by_email(connection, login.email)
        attempt = limits.attempt_sign_in(connection, str(user.id) if user else login.email.lower())
    if not password_matches(user.password_hash if user else None, login.password) or user is None:
        log.warning("login failed", user_id=user.id if user else None, address=request.remote_addr)
        raise Unauthorized("Invalid credentials")
    renewed = hash_password(login.password) if is_outdated(user.password_hash) else None
    with statements() as connection:
        attempt.succeed(connection)
        if renewed is not None:
            set_password_hash(connection, user.id, renewed, replacing=user.password_hash)
    if user.disabled_at is not None:
        log.warning("login refused", user_id=user.id, address=request.remote_addr, reason="disabled")
        raise Forbidden(DISABLED)
    log.info("login ok", user_id=user.id, address=request.remote_addr)
    return user


def sign_out(caller: Caller, response: Response) -> None:
    """End the browser's session, if the caller has one, and let the answer clear its cookies.

    A bearer token is revoked only where the environment says so: by the contract it outlives the logout.
    """
    end_session(response)
    if caller.csrf_token is None and resources().environment.revoke_bearer_on_logout:
        with statements() as connection:
            revoke_token(connection, caller.token_id, timedelta(seconds=resources().environment.token_seconds))
        resources().revocations.forget()
    log.info("signed out", user_id=caller.user_id)


def renew_password(caller: Caller, change: PasswordChange) -> None:
    """Give an account a new password; whoever is signed in to it elsewhere is signed out, bearer tokens included.

    Raises:
        BadRequest: the new passwords differ or are among the first that are tried, or the current one is another.
        LimitReached: the current one was guessed too often.
        NotFound: the account is gone.
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
    renewed = hash_password(change.password1)
    with transaction() as connection:
        if not change_password(connection, user.id, renewed, replacing=user.password_hash):
            # Somebody else changed it in this moment; what was given as the current one no longer is.
            raise BadRequest(WRONG_PASSWORD)
        ended = close_other_sessions(connection, user.id, token_id=caller.token_id)
    with statements() as connection:
        attempt.succeed(connection)
    resources().revocations.forget()
    log.info("password changed", user_id=user.id, address=request.remote_addr, sessions_ended=ended)


def end_one_session(caller: Caller, session_id: str) -> None:
    """Sign somebody out in one browser.

    Raises:
        NotFound: they have no such session.
    """
    known = _SESSION_ID.fullmatch(session_id) is not None
    with statements() as connection:
        if not known or not close_user_session(connection, caller.user_id, int(session_id)):
            raise NotFound(NO_SESSION)
    log.info("session revoked", user_id=caller.user_id, session_id=int(session_id))


def end_other_sessions(caller: Caller) -> int:
    """Sign somebody out everywhere except in the browser that asks; returns how many sessions ended."""
    with statements() as connection:
        ended = close_other_sessions(connection, caller.user_id, token_id=caller.token_id)
    log.info("other sessions revoked", user_id=caller.user_id, sessions_ended=ended)
    return ended


def _check_new_password(password: str, repeated: str) -> None:
    if password != repeated:
        raise BadRequest(DIFFERENT)
    if is_common(password):
        raise BadRequest(COMMON)
