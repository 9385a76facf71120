"""The page of a video: watched, voted for, shared."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Flask, get_template_attribute, render_template, request
from flask.typing import ResponseReturnValue

from services.contest.votes import Retraction, VoteResult, cast_vote, retract_vote, voted_among
from services.portal.accounts.identity import require_caller
from services.portal.database import statements
from services.portal.http.client_network import network_of
from services.portal.http.errors import NotFound
from services.portal.metrics import count_vote
from services.portal.pages.navigation import back
from services.portal.pages.notices import leave
from services.portal.pages.templating import viewer
from services.portal.resources import resources
from services.portal.videos_service import UNKNOWN
from services.videos.records import Video, find_video

# A script that asks for the vote alone gets it; a form is sent back to its page.
FRAGMENT_HEADER = "X-Fragment"
_NOTICES = {
    VoteResult.COUNTED: "counted",
    VoteResult.ALREADY_VOTED: "already-voted",
    VoteResult.OWN_VIDEO: "own-video",
    VoteResult.NOT_AVAILABLE: "not-available",
    VoteResult.CLOSED: "voting-closed",
}

_RETRACTED = {
    Retraction.RETRACTED: "retracted",
    Retraction.NOT_VOTED: "not-voted",
    Retraction.CLOSED: "voting-closed",
}

pages = Blueprint("watch", __name__, url_prefix="/videos")


def register(app: Flask) -> None:
    """Give an application the pages of its videos."""
    app.register_blueprint(pages)


@pages.get("/<uuid:video_id>")
def show(video_id: UUID) -> str:
    """A video that can be watched: public, or the player's own."""
    video = _watchable(video_id)
    caller = viewer()
    with statements() as connection:
        voted = voted_among(connection, caller.user_id, [video_id]) if caller else set()
    return render_template("pages/video.html", video=video, voted=voted)


@pages.post("/<uuid:video_id>/vote")
def vote(video_id: UUID) -> ResponseReturnValue:
    """Vote for a video."""
    caller = require_caller()
    resources().votes.check(caller.user_id)
    with statements() as connection:
        result = cast_vote(connection, video_id, caller.user_id, network=network_of(request.remote_addr))
        shown = find_video(connection, video_id) if FRAGMENT_HEADER in request.headers else None
    count_vote(result.value)
    if shown is not None and result in (VoteResult.COUNTED, VoteResult.ALREADY_VOTED):
        return str(get_template_attribute("macros/videos.html", "voting")(shown, {video_id}))
    return leave(back("gallery.show"), _NOTICES[result])


@pages.post("/<uuid:video_id>/retract")
def retract(video_id: UUID) -> ResponseReturnValue:
    """Take a vote back."""
    caller = require_caller()
    with statements() as connection:
        result = retract_vote(connection, video_id, caller.user_id)
        shown = find_video(connection, video_id) if FRAGMENT_HEADER in request.headers else None
    if shown is not None and shown.is_open and result is not Retraction.CLOSED:
        return str(get_template_attribute("macros/videos.html", "voting")(shown, set()))
    return leave(back("gallery.show"), _RETRACTED[result])


def _watchable(video_id: UUID) -> Video:
    with statements() as connection:
        video = find_video(connection, video_id)
    if video is None or video.status != "processed":
        raise NotFound(UNKNOWN)
    caller = viewer()
    if not video.is_open and (caller is None or caller.user_id != video.user_id):
        raise NotFound(UNKNOWN)
    return video
