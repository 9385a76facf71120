"""JSON responses about accounts, tokens and sessions."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12

from services.contest.sessions import Session
from services.contest.users import User
from services.portal.api.schemas.videos import moment


class Token(TypedDict):
    """A bearer token and its lifetime in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class ProfileResponse(TypedDict):
    """An account as its owner sees it."""

    id: int
    first_name: str
    last_name: str
    email: str
    city: str
    country: str
    created_at: str
    updated_at: str


class OpenSession(TypedDict):
    """A browser in which the account's owner is signed in."""

    id: int
    address: str | None
    user_agent: str
    created_at: str
    last_seen_at: str
    is_current: bool


def profile(user: User) -> ProfileResponse:
    """Return an account as its owner sees it, without the password hash."""
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "city": user.city,
        "country": user.country,
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
    }


def open_session(session: Session) -> OpenSession:
    """Return a session as its owner sees it."""
    return {
        "id": session.id,
        "address": session.address,
        "user_agent": session.agent,
        "created_at": moment(session.created_at),
        "last_seen_at": moment(session.last_accessed_at),
        "is_current": session.is_this,
    }
