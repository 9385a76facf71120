"""/api/auth: accounts, tokens and sessions."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from services.contest.sessions import find_sessions
from services.contest.users import find_user
from services.portal import accounts_service
from services.portal.accounts.identity import Caller, issue_token
from services.portal.api.operation import Operation, operation
from services.portal.api.schemas.accounts import OpenSession, ProfileResponse, Token, open_session, profile
from services.portal.api.schemas.videos import MessageResponse
from services.portal.database import statements
from services.portal.http.errors import NotFound
from services.portal.http.limits import TOO_MANY
from services.portal.request_models import PasswordChange, UserLogin, UserRegistration
from services.portal.resources import resources

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth")


@blueprint.post("/signup")
@operation(
    Operation(
        answers={201: MessageResponse},
        refuses={
            400: (accounts_service.DIFFERENT, accounts_service.COMMON, "Email already registered"),
            429: (TOO_MANY,),
        },
        body=UserRegistration,
    )
)
def signup(form: UserRegistration) -> ResponseReturnValue:
    """Create an account."""
    accounts_service.sign_up(form)
    return jsonify(message="User created successfully"), 201


@blueprint.post("/login")
@operation(
    Operation(
        answers={200: Token},
        refuses={401: ("Invalid credentials",), 403: (accounts_service.DISABLED,), 429: (TOO_MANY,)},
        body=UserLogin,
    )
)
def login(form: UserLogin) -> ResponseReturnValue:
    """Exchange an email address and a password for a token."""
    token = issue_token(accounts_service.sign_in(form))
    return jsonify(access_token=token, token_type="Bearer", expires_in=resources().environment.token_seconds)


@blueprint.post("/logout")
@operation(Operation(answers={200: MessageResponse}, signed_in=True))
def logout(caller: Caller) -> ResponseReturnValue:
    """End the browser's session; a bearer token stays valid until it expires, unless the portal is set to revoke it."""
    response = jsonify(message="Logged out successfully")
    accounts_service.sign_out(caller, response)
    return response


@blueprint.get("/profile")
@operation(Operation(answers={200: ProfileResponse}, refuses={404: (accounts_service.UNKNOWN,)}, signed_in=True))
def show_profile(caller: Caller) -> ResponseReturnValue:
    """Show the caller's account."""
    with statements() as connection:
        user = find_user(connection, caller.user_id)
    if user is None:
        raise NotFound(accounts_service.UNKNOWN)
    return jsonify(profile(user))


@blueprint.post("/password")
@operation(
    Operation(
        answers={200: MessageResponse},
        refuses={
            400: (accounts_service.DIFFERENT, accounts_service.COMMON, accounts_service.WRONG_PASSWORD),
            404: (accounts_service.UNKNOWN,),
            429: (TOO_MANY,),
        },
        body=PasswordChange,
        signed_in=True,
    )
)
def change_password(caller: Caller, form: PasswordChange) -> ResponseReturnValue:
    """Change the password; every other session and all bearer tokens of the account end."""
    accounts_service.change_password(caller, form)
    return jsonify(message="Password changed successfully")


@blueprint.get("/sessions")
@operation(Operation(answers={200: list[OpenSession]}, signed_in=True))
def list_sessions(caller: Caller) -> ResponseReturnValue:
    """List the browsers in which the caller is signed in."""
    with statements() as connection:
        sessions = find_sessions(connection, caller.user_id, token_id=caller.token_id)
    return jsonify([open_session(session) for session in sessions])


@blueprint.delete("/sessions")
@operation(Operation(answers={200: MessageResponse}, signed_in=True))
def end_other_sessions(caller: Caller) -> ResponseReturnValue:
    """Sign the caller out in all browsers except the current one."""
    accounts_service.end_other_sessions(caller)
    return jsonify(message="Sessions ended")


@blueprint.delete("/sessions/<session_id>")
@operation(Operation(answers={200: MessageResponse}, refuses={404: (accounts_service.NO_SESSION,)}, signed_in=True))
def end_session(caller: Caller, session_id: str) -> ResponseReturnValue:
    """Sign the caller out in one browser."""
    accounts_service.end_one_session(caller, session_id)
    return jsonify(message="Session ended")
