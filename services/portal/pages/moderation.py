"""Moderators' pages: what looks bought, one video from all sides, and the log; each deed with its reason, by a form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext

from services.contest.moderation import VoteBurst, find_vote_bursts, read_log
from services.contest.moderation_overview import find_hidden_videos, find_trending_videos
from services.portal import moderation_service
from services.portal.accounts.identity import Caller, require_caller
from services.portal.api.parameters import LARGEST_ID, whole_number
from services.portal.database import statements
from services.portal.error_messages import action_sentence
from services.portal.http.errors import NotFound
from services.portal.pages.accounts import told
from services.portal.pages.notices import leave
from services.portal.request_models import InvalidFields, NetworkVotes, Reason, read_fields
from services.portal.videos_service import UNKNOWN
from services.videos.records import Video, find_video

_LATEST = 5
_ON_A_PAGE = 50
_EVER = 36500  # days
_MOST_NETWORKS = 50

pages = Blueprint("moderators", __name__, url_prefix="/moderation")


@dataclass(frozen=True, kw_only=True)
class _Deed:
    """Something that moderators do to a video.

    Args:
        heading: what is asked.
        explanation: what it means.
        button: on what does it.
        notice: left for the next page.
        takes_away: whether something is lost by it until it is undone.
    """

    heading: LazyString
    explanation: LazyString
    button: LazyString
    notice: str
    takes_away: bool


_HIDE = _Deed(
    heading=lazy_gettext("Hide this video?"),
    explanation=lazy_gettext(
        "Nobody but its player sees it, and it takes no votes. Its votes stay, and come back with it."
    ),
    button=lazy_gettext("Hide the video"),
    notice="video-hidden",
    takes_away=True,
)
_SHOW = _Deed(
    heading=lazy_gettext("Show this video again?"),
    explanation=lazy_gettext("It comes back to the gallery and the ranking with its votes, and takes votes again."),
    button=lazy_gettext("Show the video"),
    notice="video-shown",
    takes_away=False,
)
_SET_ASIDE = _Deed(
    heading=lazy_gettext("Set these votes aside?"),
    explanation=lazy_gettext("They count nowhere until they are given back. Those who voted see no difference."),
    button=lazy_gettext("Set the votes aside"),
    notice="votes-set-aside",
    takes_away=True,
)
_GIVE_BACK = _Deed(
    heading=lazy_gettext("Give these votes back?"),
    explanation=lazy_gettext("They count again, at once."),
    button=lazy_gettext("Give the votes back"),
    notice="votes-given-back",
    takes_away=False,
)


def register(app: Flask) -> None:
    """Give an application its moderators' pages."""
    app.add_template_global(action_sentence)
    app.register_blueprint(pages)


@pages.before_request
def _let_moderators_pass() -> None:
    moderation_service.require_moderator(require_caller())


@pages.get("")
def show() -> str:
    """What a moderator looks at first."""
    with statements() as connection:
        return render_template(
            "pages/moderation.html",
            bulks=find_vote_bursts(connection),
            rising=find_trending_videos(connection),
            hidden=find_hidden_videos(connection),
            log=read_log(connection, most=_LATEST),
        )


@pages.get("/log")
def show_log() -> str:
    """Everything that moderators did, and why, the latest first."""
    before = min(max(whole_number("before", LARGEST_ID), 0), LARGEST_ID)
    with statements() as connection:
        found = read_log(connection, before=before, most=_ON_A_PAGE + 1)
    return render_template(
        "pages/moderation_log.html", log=found[:_ON_A_PAGE], more=len(found) > _ON_A_PAGE, first=before == LARGEST_ID
    )


@pages.get("/videos/<uuid:video_id>")
def show_video(video_id: UUID) -> str:
    """One video: itself, where its votes come from, and what was done to it."""
    video = _public_video(video_id)
    with statements() as connection:
        found = find_vote_bursts(connection, video_id=video_id, least=1, days=_EVER, most=_MOST_NETWORKS)
        log = read_log(connection, video_id=video_id)
    return render_template("pages/moderation_video.html", video=video, bulks=found, log=log)


@pages.route("/videos/<uuid:video_id>/hide", methods=["GET", "POST"])
def hide(video_id: UUID) -> ResponseReturnValue:
    """Ask for the reason, and take the video out of the lists and the voting."""
    return _video_deed(video_id, _HIDE, moderation_service.hide)


@pages.route("/videos/<uuid:video_id>/show", methods=["GET", "POST"])
def show_again(video_id: UUID) -> ResponseReturnValue:
    """Ask for the reason, and take the video back into the lists and the voting."""
    return _video_deed(video_id, _SHOW, moderation_service.show)


@pages.route("/videos/<uuid:video_id>/votes/set-aside", methods=["GET", "POST"])
def set_aside(video_id: UUID) -> ResponseReturnValue:
    """Ask for the reason, and let a network's votes for the video count nowhere."""
    return _votes_deed(video_id, _SET_ASIDE, moderation_service.set_aside)


@pages.route("/videos/<uuid:video_id>/votes/give-back", methods=["GET", "POST"])
def give_back(video_id: UUID) -> ResponseReturnValue:
    """Ask for the reason, and let a network's votes that were set aside count again."""
    return _votes_deed(video_id, _GIVE_BACK, moderation_service.give_back)


def _video_deed(video_id: UUID, deed: _Deed, do: Callable[[Caller, UUID, str], None]) -> ResponseReturnValue:
    video = _public_video(video_id)

    def done() -> None:
        do(require_caller(), video_id, read_fields(Reason, request.form.to_dict()).reason)

    return _confirmed(deed, video, None, done)


def _votes_deed(video_id: UUID, deed: _Deed, do: Callable[[Caller, UUID, str | None, str], int]) -> ResponseReturnValue:
    video = _public_video(video_id)
    network = request.values.get("network", "") or None
    with statements() as connection:
        known = find_vote_bursts(connection, video_id=video_id, least=1, days=_EVER, most=LARGEST_ID)
    bulk = next((bulk for bulk in known if bulk.network == network), None)
    if bulk is None:
        raise NotFound(moderation_service.NOTHING_TO_DO)

    def done() -> None:
        form = read_fields(NetworkVotes, {"network": network, "reason": request.form.get("reason", "")})
        do(require_caller(), video_id, form.network, form.reason)

    return _confirmed(deed, video, bulk, done)


def _confirmed(deed: _Deed, video: Video, bulk: VoteBurst | None, done: Callable[[], None]) -> ResponseReturnValue:
    """Ask first; then do it, and go back to the video."""

    def ask(problem: InvalidFields | None = None) -> str:
        return render_template(
            "pages/moderation_action.html",
            deed=deed,
            video=video,
            bulk=bulk,
            reason=request.form.get("reason", ""),
            **told(problem),
        )

    if request.method == "GET":
        return ask()
    notice = deed.notice
    try:
        done()
    except InvalidFields as problem:
        return ask(problem), problem.status
    except NotFound:
        # Another moderator, or a second press of the button, was first.
        notice = "nothing-to-do"
    return leave(redirect(url_for("moderators.show_video", video_id=video.id), 303), notice)


def _public_video(video_id: UUID) -> Video:
    """A video that everybody sees, or would if it were not hidden; what is private is not moderated."""
    with statements() as connection:
        video = find_video(connection, video_id)
    if video is None or video.status != "processed" or not video.is_public:
        raise NotFound(UNKNOWN)
    return video
