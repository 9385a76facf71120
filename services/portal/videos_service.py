"""A player's own videos: seen by the owner alone, deleted unless they are published for voting."""

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


def own_video(caller: Caller, video_id: UUID) -> Video:
    """A video of the person who asks.

    Raises:
        NotFound: there is no such video.
        Forbidden: it is another person's.
    """
    with statements() as connection:
        video = find_video(connection, video_id)
    if video is None:
        raise NotFound(UNKNOWN)
    if video.user_id != caller.user_id:
        raise Forbidden(NOT_OWNER)
    return video


def own_receipt(caller: Caller, video_id: UUID) -> tuple[Video, DatedReceipt | None]:
    """A video of the person who asks with its receipt, which is None until the work is done.

    Raises:
        NotFound: there is no such video.
        Forbidden: it is another person's.
    """
    video = own_video(caller, video_id)
    with statements() as connection:
        return video, find_receipt(connection, video_id)


def delete_own_video(caller: Caller, video_id: UUID) -> None:
    """Delete a video of the person who asks, its files included.

    Raises:
        NotFound: there is no such video.
        Forbidden: it is another person's.
        BadRequest: it is published for voting.
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
        # The video is gone for everybody; its files only cost space.
        log.warning("objects of a deleted video stay behind", keys=keys, error=str(error))
