"""Accounts: signing up, in and out, for the API and the pages alike."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from services.core.telemetry import get_logger
from services.core.users import User, add_user, find_user_by_email, set_password_hash
from services.portal.database import statements
from services.portal.errors import Refused, Unauthorized
from services.portal.forms import UserLogin, UserRegistration
from services.portal.identity import Caller, end_session
from services.portal.passwords import hash_password, is_outdated, password_matches

log = get_logger(__name__)


def sign_up(registration: UserRegistration) -> int:
    """Create an account; returns its id.

    Raises:
        Refused: the passwords differ, or the address has an account already.
    """
    if registration.password1 != registration.password2:
        raise Refused("Passwords do not match")
    with statements() as connection:
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
            log.info("account created", user_id=user_id)
            return user_id
    raise Refused("Email already registered")


def sign_in(login: UserLogin) -> User:
    """The account whose address and password these are; a hash of an older kind is renewed.

    Raises:
        Unauthorized: there is no such account or the password is another; the answer does not tell which.
    """
    with statements() as connection:
        user = find_user_by_email(connection, login.email)
    if not password_matches(user.password_hash if user else None, login.password) or user is None:
        log.warning("login failed", user_id=user.id if user else None, address=request.remote_addr)
        raise Unauthorized("Invalid credentials")
    if is_outdated(user.password_hash):
        renewed = hash_password(login.password)
        with statements() as connection:
            set_password_hash(connection, user.id, renewed, replacing=user.password_hash)
    log.info("login ok", user_id=user.id, address=request.remote_addr)
    return user


def sign_out(caller: Caller, response: Response) -> None:
    """End the browser's session, if the caller has one, and let the answer clear its cookies."""
    end_session(response)
    log.info("signed out", user_id=caller.user_id)
