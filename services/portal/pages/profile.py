"""A person's own account: who they are, what they did, their password, and where they are signed in."""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response

from services.contest.sessions import find_sessions
from services.contest.users import find_user
from services.contest.votes import voted_videos
from services.portal.accounts.identity import Caller, require_caller
from services.portal.accounts_service import UNKNOWN, end_one_session, end_other_sessions, renew_password
from services.portal.database import statements
from services.portal.http.errors import ApiError, NotFound
from services.portal.pages.accounts import told
from services.portal.pages.browsers import browser_name
from services.portal.pages.notices import leave
from services.portal.request_models import PasswordChange, read_fields
from services.videos.records import list_player_videos

pages = Blueprint("profile", __name__, url_prefix="/profile")


def register(app: Flask) -> None:
    """Give an application the page of a person's account."""
    app.register_blueprint(pages)


@pages.get("")
def show() -> str:
    """The account, its numbers, and the browsers it is open in."""
    return _page(require_caller())


@pages.post("/password")
def change_password() -> ResponseReturnValue:
    """Change the password and sign the person out everywhere else."""
    caller = require_caller()
    try:
        renew_password(caller, read_fields(PasswordChange, request.form.to_dict()))
    except ApiError as problem:
        return _page(caller, problem), problem.status
    return leave(_back(), "password-changed")


@pages.post("/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign the person out in one browser."""
    end_one_session(require_caller(), session_id)
    return leave(_back(), "session-ended")


@pages.post("/sessions/end-others")
def end_others() -> ResponseReturnValue:
    """Sign the person out everywhere except here."""
    end_other_sessions(require_caller())
    return leave(_back(), "others-ended")


def _back() -> Response:
    return redirect(url_for("profile.show"), 303)


def _page(caller: Caller, problem: ApiError | None = None) -> str:
    with statements() as connection:
        user = find_user(connection, caller.user_id)
        sessions = find_sessions(connection, caller.user_id, token_id=caller.token_id)
        videos = list_player_videos(connection, caller.user_id)
        votes_cast = len(voted_videos(connection, caller.user_id))
    if user is None:
        raise NotFound(UNKNOWN)
    return render_template(
        "pages/profile.html",
        user=user,
        sessions=[(session, browser_name(session.agent)) for session in sessions],
        videos=len(videos),
        votes_received=sum(video.votes for video in videos),
        votes_cast=votes_cast,
        **told(problem),
    )
