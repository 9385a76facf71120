"""The caller's account: profile, activity, password and sessions."""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response

from services.contest.sessions import find_sessions
from services.contest.users import find_user
from services.contest.votes import voted_videos
from services.portal import accounts_service
from services.portal.accounts.identity import Caller, require_caller
from services.portal.database import statements
from services.portal.http.errors import ApiError, NotFound
from services.portal.pages.accounts import form_errors
from services.portal.pages.notices import set_notice
from services.portal.request_models import PasswordChange, read_fields
from services.videos.records import list_player_videos

# The first match counts: most browsers also name others.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-requests/", "Python"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)

pages = Blueprint("profile", __name__, url_prefix="/profile")


def register(app: Flask) -> None:
    """Register the account page."""
    app.register_blueprint(pages)


@pages.get("")
def show() -> str:
    """Show the account, its activity and its sessions."""
    return _page(require_caller())


@pages.post("/password")
def change_password() -> ResponseReturnValue:
    """Change the password and end all other sessions."""
    caller = require_caller()
    try:
        accounts_service.change_password(caller, read_fields(PasswordChange, request.form.to_dict()))
    except ApiError as problem:
        return _page(caller, problem), problem.status
    return set_notice(_redirect_to_profile(), "password-changed")


@pages.post("/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign the caller out in one browser."""
    accounts_service.end_one_session(require_caller(), session_id)
    return set_notice(_redirect_to_profile(), "session-ended")


@pages.post("/sessions/end-others")
def end_others() -> ResponseReturnValue:
    """Sign the caller out in all other browsers."""
    accounts_service.end_other_sessions(require_caller())
    return set_notice(_redirect_to_profile(), "others-ended")


def _redirect_to_profile() -> Response:
    return redirect(url_for("profile.show"), 303)


def _page(caller: Caller, problem: ApiError | None = None) -> str:
    with statements() as connection:
        user = find_user(connection, caller.user_id)
        sessions = find_sessions(connection, caller.user_id, token_id=caller.token_id)
        videos = list_player_videos(connection, caller.user_id)
        votes_cast = len(voted_videos(connection, caller.user_id))
    if user is None:
        raise NotFound(accounts_service.UNKNOWN)
    return render_template(
        "pages/profile.html",
        user=user,
        sessions=[(session, browser_name(session.agent)) for session in sessions],
        videos=len(videos),
        votes_received=sum(video.votes for video in videos),
        votes_cast=votes_cast,
        **form_errors(problem),
    )


def browser_name(agent: str) -> str:
    """Return the browser and its system, such as "Chrome, Android"; empty if neither is known.

    Args:
        agent: User-Agent header, which a client can set to anything.
    """
    found = (next((name for sign, name in signs if sign in agent), "") for signs in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in found if name)
