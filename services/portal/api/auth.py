"""/api/auth: accounts and tokens."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from services.core.users import find_user
from services.portal import accounts
from services.portal.api.operation import Operation, operation
from services.portal.api.shapes import Message, Profile, Token, profile
from services.portal.database import statements
from services.portal.errors import Missing
from services.portal.forms import UserLogin, UserRegistration
from services.portal.identity import Caller, issue_token
from services.portal.resources import resources

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth")


@blueprint.post("/signup")
@operation(
    Operation(
        answers={201: Message},
        refuses={400: ("Passwords do not match", "Email already registered")},
        body=UserRegistration,
    )
)
def signup(form: UserRegistration) -> ResponseReturnValue:
    """Create an account."""
    accounts.sign_up(form)
    return jsonify(message="User created successfully"), 201


@blueprint.post("/login")
@operation(Operation(answers={200: Token}, refuses={401: ("Invalid credentials",)}, body=UserLogin))
def login(form: UserLogin) -> ResponseReturnValue:
    """Exchange an address and a password for a token."""
    token = issue_token(accounts.sign_in(form))
    return jsonify(access_token=token, token_type="Bearer", expires_in=resources().environment.token_seconds)


@blueprint.post("/logout")
@operation(Operation(answers={200: Message}, signed_in=True))
def logout(caller: Caller) -> ResponseReturnValue:
    """End the browser's session; a bearer token stays valid until it expires."""
    response = jsonify(message="Logged out successfully")
    accounts.sign_out(caller, response)
    return response


@blueprint.get("/profile")
@operation(Operation(answers={200: Profile}, refuses={404: ("User not found",)}, signed_in=True))
def show_profile(caller: Caller) -> ResponseReturnValue:
    """The caller's account."""
    with statements() as connection:
        user = find_user(connection, caller.user_id)
    if user is None:
        raise Missing("User not found")
    return jsonify(profile(user))
