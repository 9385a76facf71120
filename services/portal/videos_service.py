"""A player's own videos: find them, find their receipts, delete them. Used by the API and the pages alike."""

from __future__ import annotations

from uuid import UUID

from services.portal.accounts.identity import Caller
from services.portal.database import statements, transaction
from services.portal.http.errors import BadRequest, Forbidden, NotFound
from services.portal.resources import resources
from services.shared.aws import AWS_ERRORS
from services.shared.telemetry import get_logger
from services.videos.receipts import DatedReceipt, find_receipt
from services.videos.records import Deletion, Video, delete_video, find_video

UNKNOWN = "Video not found"
NOT_OWNER = "You do not have permission to access this video"
NO_RECEIPT = "Video has no receipt"
PUBLISHED = "Video is published for voting and cannot be deleted"

log = get_logger(__name__)


def find_own_video(caller: Caller, video_id: UUID) -> Video:
    """Find a video of the caller.

    Raises:
        NotFound: the video does not exist.
        Forbidden: the video belongs to another account.
    """
    with statements() as connection:
        video = find_video(connection, video_id)
    if video is None:
        raise NotFound(UNKNOWN)
    if video.user_id != caller.user_id:
        raise Forbidden(NOT_OWNER)
    return video


def find_own_receipt(caller: Caller, video_id: UUID) -> tuple[Video, DatedReceipt | None]:
    """Find a video of the caller and its receipt, which is None until the video is processed or failed.

    Raises:
        NotFound: the video does not exist.
        Forbidden: the video belongs to another account.
    """
    video = find_own_video(caller, video_id)
    with statements() as connection:
        return video, find_receipt(connection, video_id)


def delete_own_video(caller: Caller, video_id: UUID) -> None:
    """Delete a video of the caller and its files.

    Raises:
        NotFound: the video does not exist.
        Forbidden: the video belongs to another account.
        BadRequest: the video is published for voting.
    """
    with transaction() as connection:
        video = find_video(connection, video_id)
        outcome = delete_video(connection, video_id, caller.user_id)
    if video is None or outcome is Deletion.UNKNOWN:
        raise NotFound(UNKNOWN)
    if outcome is Deletion.NOT_OWNER:
        raise Forbidden(NOT_OWNER)
    if outcome is Deletion.PUBLISHED:
        raise BadRequest(PUBLISHED)
    log.info("video deleted", video_id=str(video_id), user_id=caller.user_id)
    stored = (video.original_url, video.processed_url, video.poster_url, video.preview_url)
    keys = [key for key in stored if key]
    try:
        resources().media.delete(*keys)
    except AWS_ERRORS as error:
        # The video can no longer be reached; its files only use space.
        log.warning("files of a deleted video not deleted", keys=keys, error=str(error))
