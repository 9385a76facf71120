"""/media: videos, posters and previews for players and pages; each route redirects to the bucket."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from services.portal.accounts.identity import find_caller
from services.portal.api.operation import Operation, operation
from services.portal.api.parameters import parse_uuid
from services.portal.database import statements
from services.portal.http.errors import NotFound
from services.portal.http.media_links import is_key_of
from services.portal.resources import resources
from services.portal.videos_service import UNKNOWN
from services.videos.records import Video, find_video

blueprint = Blueprint("media", __name__, url_prefix="/media")

_CONTRACT = Operation(
    answers={302: None},
    refuses={404: (UNKNOWN,)},
    query={
        "key": {"type": "string", "description": "signed key from the owner's own JSON; required for a private video"}
    },
)


@blueprint.get("/<video_id>/video.mp4")
@operation(_CONTRACT)
def play(video_id: str) -> ResponseReturnValue:
    """Play a processed video."""
    return _redirect_to(_visible_video(video_id).processed_url)


@blueprint.get("/<video_id>/poster.jpg")
@operation(_CONTRACT)
def poster(video_id: str) -> ResponseReturnValue:
    """Show a video's poster."""
    return _redirect_to(_visible_video(video_id).poster_url)


@blueprint.get("/<video_id>/preview.mp4")
@operation(_CONTRACT)
def preview(video_id: str) -> ResponseReturnValue:
    """Play a video's preview: its first seconds, small and silent."""
    return _redirect_to(_visible_video(video_id).preview_url)


def _visible_video(video_id: str) -> Video:
    """Return the video if the caller may see it; for others a private video does not exist."""
    parsed_id = parse_uuid(video_id)
    if parsed_id is not None:
        with statements() as connection:
            video = find_video(connection, parsed_id)
        if video is not None and (video.is_open or is_key_of(video, request.args.get("key", "")) or _is_owner(video)):
            return video
    raise NotFound(UNKNOWN)


def _is_owner(video: Video) -> bool:
    caller = find_caller()
    return caller is not None and caller.user_id == video.user_id


def _redirect_to(key: str | None) -> ResponseReturnValue:
    if key is None:
        raise NotFound(UNKNOWN)
    response = redirect(resources().media.link(key))
    # Shorter than the ten minutes for which a link is valid at least, so that a cached redirect always works.
    response.headers["Cache-Control"] = "private, max-age=60"
    return response
