"""The page of one video: watch it, vote for it, share it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Flask, get_template_attribute, render_template, request
from flask.typing import ResponseReturnValue

from services.contest.votes import Retraction, VoteResult, voted_among
from services.portal import votes_service
from services.portal.accounts.identity import require_caller
from services.portal.database import statements
from services.portal.http.errors import NotFound
from services.portal.pages.navigation import redirect_back
from services.portal.pages.notices import set_notice
from services.portal.pages.templating import viewer
from services.portal.videos_service import UNKNOWN
from services.videos.records import Video, find_video

# A script sends this header and gets the vote's HTML; a form without it is redirected to its page.
FRAGMENT_HEADER = "X-Fragment"
_VOTE_NOTICES = {
    VoteResult.COUNTED: "counted",
    VoteResult.ALREADY_VOTED: "already-voted",
    VoteResult.OWN_VIDEO: "own-video",
    VoteResult.NOT_AVAILABLE: "not-available",
    VoteResult.CLOSED: "voting-closed",
}
_RETRACTION_NOTICES = {
    Retraction.RETRACTED: "retracted",
    Retraction.NOT_VOTED: "not-voted",
    Retraction.CLOSED: "voting-closed",
}

pages = Blueprint("watch", __name__, url_prefix="/videos")


def register(app: Flask) -> None:
    """Register the pages of single videos."""
    app.register_blueprint(pages)


@pages.get("/<uuid:video_id>")
def show(video_id: UUID) -> str:
    """Show a processed video that is public or the viewer's own."""
    video = _visible_video(video_id)
    caller = viewer()
    with statements() as connection:
        voted = voted_among(connection, caller.user_id, [video_id]) if caller else set()
    return render_template("pages/video.html", video=video, voted=voted)


@pages.post("/<uuid:video_id>/vote")
def vote(video_id: UUID) -> ResponseReturnValue:
    """Vote for a video."""
    result = votes_service.cast_vote(require_caller(), video_id)
    video = _video_for_fragment(video_id)
    if video is not None and result in (VoteResult.COUNTED, VoteResult.ALREADY_VOTED):
        return _render_vote(video, {video_id})
    return set_notice(redirect_back("gallery.show"), _VOTE_NOTICES[result])


@pages.post("/<uuid:video_id>/retract")
def retract(video_id: UUID) -> ResponseReturnValue:
    """Take back a vote."""
    result = votes_service.retract_vote(require_caller(), video_id)
    video = _video_for_fragment(video_id)
    if video is not None and video.is_open and result is not Retraction.CLOSED:
        return _render_vote(video, set())
    return set_notice(redirect_back("gallery.show"), _RETRACTION_NOTICES[result])


def _video_for_fragment(video_id: UUID) -> Video | None:
    if FRAGMENT_HEADER not in request.headers:
        return None
    with statements() as connection:
        return find_video(connection, video_id)


def _render_vote(video: Video, voted: set[UUID]) -> str:
    return str(get_template_attribute("macros/videos.html", "voting")(video, voted))


def _visible_video(video_id: UUID) -> Video:
    with statements() as connection:
        video = find_video(connection, video_id)
    if video is None or video.status != "processed":
        raise NotFound(UNKNOWN)
    caller = viewer()
    if not video.is_open and (caller is None or caller.user_id != video.user_id):
        raise NotFound(UNKNOWN)
    return video
