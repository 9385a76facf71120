"""/api/videos: a player's own videos."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from services.portal import videos_service
from services.portal.accounts.identity import Caller
from services.portal.api.operation import Operation, operation
from services.portal.api.parameters import parse_video_id
from services.portal.api.schemas.receipts import VideoReceipt, video_receipt
from services.portal.api.schemas.videos import Accepted, Deleted, OwnVideo, own_video
from services.portal.database import statements
from services.portal.http import limits
from services.portal.http.errors import BadRequest, NotFound
from services.portal.http.limits import TOO_MANY
from services.portal.request_models import BROKEN_RULES, VideoUpload, read_fields
from services.portal.uploads import form_uploads
from services.portal.uploads.common import RECEIVED, TOO_LARGE, too_large
from services.videos.records import list_player_videos

blueprint = Blueprint("videos", __name__, url_prefix="/api/videos")

# Values that Go's strconv.ParseBool accepts. Only "true" makes a video public.
_BOOLEANS = ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False", "")
_FORM = {
    "type": "object",
    "required": ["video_file", "title"],
    "properties": {
        "video_file": {"type": "string", "format": "binary", "description": "file whose name ends in .mp4"},
        "title": {"type": "string", "minLength": 5, "maxLength": 100},
        "is_public": {"type": "string", "description": "true makes the video public and open for voting"},
    },
}


@blueprint.post("/upload")
@operation(
    Operation(
        answers={201: Accepted},
        refuses={
            400: (
                form_uploads.NO_FILE,
                TOO_LARGE,
                form_uploads.ONLY_MP4,
                "Invalid form data",
                BROKEN_RULES,
            ),
            429: (TOO_MANY,),
        },
        multipart=_FORM,
        signed_in=True,
    )
)
def upload(caller: Caller) -> ResponseReturnValue:
    """Upload a video through a multipart form."""
    limits.count_upload(caller.user_id)
    try:
        file = form_uploads.check_file(request.files.get("video_file"))
    except RequestEntityTooLarge:
        raise _too_large() from None
    if request.form.get("is_public", "") not in _BOOLEANS:
        raise BadRequest("Invalid form data")
    form = read_fields(VideoUpload, {"title": request.form.get("title", "")})
    video_id = form_uploads.receive(caller, file, form, is_public=request.form.get("is_public") == "true")
    return jsonify(message=RECEIVED, task_id=str(video_id)), 201


@blueprint.get("")
@operation(Operation(answers={200: list[OwnVideo]}, signed_in=True))
def list_own(caller: Caller) -> ResponseReturnValue:
    """List the caller's videos, the latest first."""
    with statements() as connection:
        videos = list_player_videos(connection, caller.user_id)
    return jsonify([own_video(video) for video in videos])


@blueprint.get("/<video_id>")
@operation(
    Operation(
        answers={200: OwnVideo},
        refuses={403: (videos_service.NOT_OWNER,), 404: (videos_service.UNKNOWN,)},
        signed_in=True,
    )
)
def show(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Show one of the caller's videos."""
    return jsonify(own_video(videos_service.find_own_video(caller, _parse_id(video_id))))


@blueprint.get("/<video_id>/receipt")
@operation(
    Operation(
        answers={200: VideoReceipt},
        refuses={403: (videos_service.NOT_OWNER,), 404: (videos_service.UNKNOWN, videos_service.NO_RECEIPT)},
        signed_in=True,
    )
)
def show_receipt(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Show how one of the caller's videos was processed.

    The receipt exists once the video is processed or failed. The SHA-256 of `original` is that of the file the player
    sent; those of `files` are of the files that are played and shown.
    """
    video, dated = videos_service.find_own_receipt(caller, _parse_id(video_id))
    if dated is None:
        raise NotFound(videos_service.NO_RECEIPT)
    return jsonify(video_receipt(video, dated))


@blueprint.delete("/<video_id>")
@operation(
    Operation(
        answers={200: Deleted},
        refuses={400: (videos_service.PUBLISHED,), 403: (videos_service.NOT_OWNER,), 404: (videos_service.UNKNOWN,)},
        signed_in=True,
    )
)
def delete(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Delete one of the caller's videos, unless it is published for voting."""
    videos_service.delete_own_video(caller, _parse_id(video_id))
    return jsonify(message="El video ha sido eliminado exitosamente.", video_id=video_id)


def _parse_id(video_id: str) -> UUID:
    return parse_video_id(video_id, NotFound(videos_service.UNKNOWN))


def _too_large() -> BadRequest:
    # Werkzeug raises the same error for a body that is too large and for a text field that is too large.
    length, limit = request.content_length, request.max_content_length
    if length is None or limit is None or length > limit:
        return too_large()
    return BadRequest("Invalid form data")
