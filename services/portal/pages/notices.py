"""Short messages shown once, on the page after a form; the cookie holds a code, never a text."""

from __future__ import annotations

from flask import Flask, Response, g, request
from flask_babel import LazyString, lazy_gettext
from werkzeug import Response as AnyResponse

from services.portal.http.cookies import cookie_name, set_cookie

NOTICES: dict[str, tuple[str, LazyString]] = {
    "welcome": ("success", lazy_gettext("Your account is ready. Welcome to the court!")),
    "signed-out": ("info", lazy_gettext("You signed out.")),
    "password-changed": (
        "success",
        lazy_gettext("Your password is changed. You were signed out everywhere else."),
    ),
    "session-ended": ("success", lazy_gettext("That browser is signed out.")),
    "others-ended": ("success", lazy_gettext("You are signed out everywhere except here.")),
    "sign-in-first": ("info", lazy_gettext("Sign in to go on.")),
    "counted": ("success", lazy_gettext("Your vote counts. Thank you!")),
    "already-voted": ("info", lazy_gettext("You had already voted for this video. Your vote counts once.")),
    "own-video": ("error", lazy_gettext("You cannot vote for your own video.")),
    "not-available": ("error", lazy_gettext("This video takes no votes.")),
    "retracted": ("info", lazy_gettext("You took your vote back.")),
    "not-voted": ("info", lazy_gettext("You have no vote for this video.")),
    "voting-closed": ("error", lazy_gettext("The voting is closed at the moment.")),
    "video-hidden": ("success", lazy_gettext("The video is hidden.")),
    "video-shown": ("success", lazy_gettext("The video is shown again.")),
    "votes-set-aside": ("success", lazy_gettext("The votes are set aside.")),
    "votes-given-back": ("success", lazy_gettext("The votes count again.")),
    "nothing-to-do": ("info", lazy_gettext("Nothing was changed: it was already so.")),
    "deleted": ("success", lazy_gettext("The video was deleted.")),
    "upload-discarded": ("success", lazy_gettext("The upload was discarded.")),
    "published": ("error", lazy_gettext("A video published for voting cannot be deleted.")),
}
_COOKIE = "notice"
_SECONDS = 60


def register(app: Flask) -> None:
    """Register the notices."""
    app.add_template_global(_take_notices, "notices")
    app.after_request(_clear_notice)


def set_notice(response: AnyResponse, code: str) -> AnyResponse:
    """Set the notice that the next page shows.

    Args:
        response: Response to add the cookie to, usually a redirect.
        code: Key of ``NOTICES``.
    """
    set_cookie(response, _COOKIE, code, seconds=_SECONDS)
    return response


def _take_notices() -> list[tuple[str, LazyString]]:
    notice = NOTICES.get(request.cookies.get(cookie_name(_COOKIE), ""))
    g.notice_shown = notice is not None
    return [notice] if notice else []


def _clear_notice(response: Response) -> Response:
    if g.get("notice_shown"):
        set_cookie(response, _COOKIE, "", seconds=0)
    return response
