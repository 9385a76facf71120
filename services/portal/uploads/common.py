"""What form uploads and direct uploads share: checks of the file, their error texts, and how an upload ends.

An upload is recorded before its first byte and becomes a video in one transaction, so that after a crash at any point
the scheduler finds what is left.
"""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from flask import request
from sqlalchemy.exc import SQLAlchemyError

from services.portal.database import db, transaction
from services.portal.http.errors import BadRequest
from services.portal.resources import resources
from services.shared.aws import AWS_ERRORS
from services.shared.telemetry import get_logger
from services.videos.outbox import relay
from services.videos.uploads import Upload, remove_expired_uploads, remove_upload

CONTENT_TYPE = "video/mp4"
RECEIVED = "Video subido correctamente. Procesamiento en curso."
TOO_LARGE = "File size exceeds maximum allowed (%(megabytes)sMB)"
_LONGEST_NAME = 255
_EXPIRED_PER_BATCH = 10

log = get_logger(__name__)


def too_large() -> BadRequest:
    """Return the error for a file above the deployment's size limit."""
    return BadRequest(TOO_LARGE, megabytes=resources().environment.max_upload_bytes // 2**20)


def base_name(filename: str) -> str:
    """Return the last part of a POSIX or Windows path, cut to the length of the database column."""
    name = PureWindowsPath(PurePosixPath(filename).name).name.replace("\0", "")
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 4] + name[-4:]


def announce(upload: Upload) -> None:
    """Log an upload that has become a video and send it to the workers' queue."""
    log.info("video received", video_id=str(upload.id), user_id=upload.user_id, address=request.remote_addr)
    try:
        relay(db.engine, resources().queue)
    except (*AWS_ERRORS, SQLAlchemyError) as error:
        # The outbox row is committed; the scheduler relays it.
        log.warning("video not sent to the queue yet", video_id=str(upload.id), error=str(error))


def delete_upload(upload: Upload) -> bool:
    """Delete an upload and its bytes; return False if it has become a video or is already gone."""
    with transaction() as connection:
        if not remove_upload(connection, upload.id):
            return False
        _delete_bytes(upload)
    return True


def delete_expired() -> int:
    """Delete a batch of expired uploads and their bytes; return how many."""
    with transaction() as connection:
        expired = remove_expired_uploads(connection, most=_EXPIRED_PER_BATCH)
        for upload in expired:
            _delete_bytes(upload)
    return len(expired)


def _delete_bytes(upload: Upload) -> None:
    # Abort the multipart upload first, so that it cannot be completed into an object after the deletion.
    media = resources().media
    if upload.s3_upload_id is not None:
        media.abort_multipart_upload(upload.key, upload.s3_upload_id)
    media.delete(upload.key)
