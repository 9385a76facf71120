"""Moderators' pages: suspicious votes, one video in detail, and the log; each action is a form with a reason."""

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
from services.portal.api.parameters import LARGEST_ID, parse_whole_number
from services.portal.database import statements
from services.portal.error_messages import action_sentence
from services.portal.http.errors import NotFound
from services.portal.pages.accounts import form_errors
from services.portal.pages.notices import set_notice
from services.portal.request_models import InvalidFields, NetworkVotes, Reason, read_fields
from services.portal.videos_service import UNKNOWN
from services.videos.records import Video, find_video

_LATEST = 5
_LINES_PER_PAGE = 50
_ALL_DAYS = 36500
_MAX_NETWORKS = 50

pages = Blueprint("moderators", __name__, url_prefix="/moderation")


@dataclass(frozen=True, kw_only=True)
class _Action:
    """A moderator's action on a video and the texts of its confirmation page.

    Args:
        heading: Question to confirm.
        explanation: Effect of the action.
        button: Label of the button.
        notice: Code of the notice on the next page.
        is_destructive: Whether the action removes something until it is undone.
    """

    heading: LazyString
    explanation: LazyString
    button: LazyString
    notice: str
    is_destructive: bool


_HIDE = _Action(
    heading=lazy_gettext("Hide this video?"),
    explanation=lazy_gettext(
        "Nobody but its player sees it, and it takes no votes. Its votes stay, and come back with it."
    ),
    button=lazy_gettext("Hide the video"),
    notice="video-hidden",
    is_destructive=True,
)
_SHOW = _Action(
    heading=lazy_gettext("Show this video again?"),
    explanation=lazy_gettext("It comes back to the gallery and the ranking with its votes, and takes votes again."),
    button=lazy_gettext("Show the video"),
    notice="video-shown",
    is_destructive=False,
)
_SET_ASIDE = _Action(
    heading=lazy_gettext("Set these votes aside?"),
    explanation=lazy_gettext("They count nowhere until they are given back. Those who voted see no difference."),
    button=lazy_gettext("Set the votes aside"),
    notice="votes-set-aside",
    is_destructive=True,
)
_GIVE_BACK = _Action(
    heading=lazy_gettext("Give these votes back?"),
    explanation=lazy_gettext("They count again, at once."),
    button=lazy_gettext("Give the votes back"),
    notice="votes-given-back",
    is_destructive=False,
)


def register(app: Flask) -> None:
    """Register the moderators' pages."""
    app.add_template_global(action_sentence)
    app.register_blueprint(pages)


@pages.before_request
def _require_moderator() -> None:
    moderation_service.require_moderator(require_caller())


@pages.get("")
def show() -> str:
    """Show suspicious votes, hidden videos and the latest actions."""
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
    """Show the whole log, the latest action first."""
    before = min(max(parse_whole_number("before", LARGEST_ID), 0), LARGEST_ID)
    with statements() as connection:
        found = read_log(connection, before=before, most=_LINES_PER_PAGE + 1)
    return render_template(
        "pages/moderation_log.html",
        log=found[:_LINES_PER_PAGE],
        more=len(found) > _LINES_PER_PAGE,
        first=before == LARGEST_ID,
    )


@pages.get("/videos/<uuid:video_id>")
def show_video(video_id: UUID) -> str:
    """Show one video, the networks of its votes, and its log."""
    video = _public_video(video_id)
    with statements() as connection:
        found = find_vote_bursts(connection, video_id=video_id, least=1, days=_ALL_DAYS, most=_MAX_NETWORKS)
        log = read_log(connection, video_id=video_id)
    return render_template("pages/moderation_video.html", video=video, bulks=found, log=log)


@pages.route("/videos/<uuid:video_id>/hide", methods=["GET", "POST"])
def hide(video_id: UUID) -> ResponseReturnValue:
    """Ask for the reason; hide the video from the lists and the voting."""
    return _act_on_video(video_id, _HIDE, moderation_service.hide)


@pages.route("/videos/<uuid:video_id>/show", methods=["GET", "POST"])
def show_again(video_id: UUID) -> ResponseReturnValue:
    """Ask for the reason; show the video in the lists and the voting again."""
    return _act_on_video(video_id, _SHOW, moderation_service.show)


@pages.route("/videos/<uuid:video_id>/votes/set-aside", methods=["GET", "POST"])
def set_aside(video_id: UUID) -> ResponseReturnValue:
    """Ask for the reason; quarantine a network's votes for the video."""
    return _act_on_votes(video_id, _SET_ASIDE, moderation_service.quarantine_votes)


@pages.route("/videos/<uuid:video_id>/votes/give-back", methods=["GET", "POST"])
def give_back(video_id: UUID) -> ResponseReturnValue:
    """Ask for the reason; restore a network's quarantined votes for the video."""
    return _act_on_votes(video_id, _GIVE_BACK, moderation_service.restore_votes)


def _act_on_video(video_id: UUID, action: _Action, run: Callable[[Caller, UUID, str], None]) -> ResponseReturnValue:
    video = _public_video(video_id)

    def submit() -> None:
        run(require_caller(), video_id, read_fields(Reason, request.form.to_dict()).reason)

    return _confirm(action, video, None, submit)


def _act_on_votes(
    video_id: UUID, action: _Action, run: Callable[[Caller, UUID, str | None, str], int]
) -> ResponseReturnValue:
    video = _public_video(video_id)
    network = request.values.get("network", "") or None
    with statements() as connection:
        found = find_vote_bursts(connection, video_id=video_id, least=1, days=_ALL_DAYS, most=LARGEST_ID)
    bulk = next((bulk for bulk in found if bulk.network == network), None)
    if bulk is None:
        raise NotFound(moderation_service.NOTHING_TO_DO)

    def submit() -> None:
        form = read_fields(NetworkVotes, {"network": network, "reason": request.form.get("reason", "")})
        run(require_caller(), video_id, form.network, form.reason)

    return _confirm(action, video, bulk, submit)


def _confirm(action: _Action, video: Video, bulk: VoteBurst | None, submit: Callable[[], None]) -> ResponseReturnValue:
    """On GET ask for the reason; on POST run the action and return to the video."""

    def ask(problem: InvalidFields | None = None) -> str:
        return render_template(
            "pages/moderation_action.html",
            action=action,
            video=video,
            bulk=bulk,
            reason=request.form.get("reason", ""),
            **form_errors(problem),
        )

    if request.method == "GET":
        return ask()
    notice = action.notice
    try:
        submit()
    except InvalidFields as problem:
        return ask(problem), problem.status
    except NotFound:
        # Another moderator, or a second click, has run the action already.
        notice = "nothing-to-do"
    return set_notice(redirect(url_for("moderators.show_video", video_id=video.id), 303), notice)


def _public_video(video_id: UUID) -> Video:
    """Return a public video, hidden or not; private videos are not moderated."""
    with statements() as connection:
        video = find_video(connection, video_id)
    if video is None or video.status != "processed" or not video.is_public:
        raise NotFound(UNKNOWN)
    return video
