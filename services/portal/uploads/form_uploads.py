"""Uploads through the API, for existing clients; and what they share with those straight to the bucket.

Each is remembered before its first byte and becomes a video in one transaction, so that a crash anywhere leaves
nothing that the housekeeper would not find.
"""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath, PureWindowsPath
from uuid import UUID

from flask import request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import FileStorage

from services.portal.accounts.identity import Caller
from services.portal.database import db, transaction
from services.portal.http.errors import BadRequest
from services.portal.request_models import VideoUpload
from services.portal.resources import resources
from services.shared.aws import AWS_ERRORS
from services.shared.telemetry import get_logger
from services.videos.outbox import relay
from services.videos.uploads import Upload, add_upload, record_upload, remove_expired_uploads, remove_upload

CONTENT_TYPE = "video/mp4"
NO_FILE = "No video file provided"
TOO_LARGE = "File size exceeds maximum allowed (%(megabytes)sMB)"
ONLY_MP4 = "Invalid file type. Only MP4 files are allowed"
_LONGEST_NAME = 255
_CLEARED_AT_ONCE = 10

log = get_logger(__name__)


def too_large() -> BadRequest:
    """The refusal of a file larger than the portal takes."""
    return BadRequest(TOO_LARGE, megabytes=resources().environment.max_upload_bytes // 2**20)


def base_name(filename: str) -> str:
    """The last part of a path of any system, cut to what the database holds."""
    name = PureWindowsPath(PurePosixPath(filename).name).name.replace("\0", "")
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 4] + name[-4:]


def check_file(file: FileStorage | None) -> FileStorage:
    """The file part of the contract's form, if it may be taken.

    Raises:
        BadRequest: there is none, it is too large, or its name does not end in .mp4.
    """
    if file is None or not file.filename:
        raise BadRequest(NO_FILE)
    if _size(file) > resources().environment.max_upload_bytes:
        raise too_large()
    if not file.filename.lower().endswith(".mp4"):
        raise BadRequest(ONLY_MP4)
    return file


def receive(caller: Caller, file: FileStorage, form: VideoUpload, *, is_public: bool) -> UUID:
    """Take a video that came through the API; returns its id."""
    with transaction() as connection:
        upload = add_upload(
            connection,
            video_id=uuid.uuid4(),
            user_id=caller.user_id,
            title=form.title,
            filename=base_name(file.filename or ""),
            size=_size(file),
            is_public=is_public,
        )
    try:
        resources().media.store(upload.key, file.stream, CONTENT_TYPE)
        _record(upload)
    except (*AWS_ERRORS, SQLAlchemyError):
        _give_up_quietly(upload)
        raise
    return upload.id


def _record(upload: Upload) -> None:
    """Let an upload whose bytes lie in the bucket become a video, unless it was given up."""
    with transaction() as connection:
        recorded = record_upload(connection, upload)
    if recorded:
        announce(upload)


def announce(upload: Upload) -> None:
    """Tell the workers of an upload that has become a video."""
    log.info("video received", video_id=str(upload.id), user_id=upload.user_id, address=request.remote_addr)
    try:
        relay(db.engine, resources().queue)
    except (*AWS_ERRORS, SQLAlchemyError) as error:
        # The row is the promise; the housekeeper keeps it.
        log.warning("the queue could not be told of a video yet", video_id=str(upload.id), error=str(error))


def give_up(upload: Upload) -> bool:
    """Forget an upload and remove its bytes; False where it has become a video meanwhile, or is gone."""
    with transaction() as connection:
        if not remove_upload(connection, upload.id):
            return False
        _remove_bytes(upload)
    return True


def clear_expired() -> int:
    """Forget uploads that are past their time, with their bytes; returns how many."""
    with transaction() as connection:
        expired = remove_expired_uploads(connection, most=_CLEARED_AT_ONCE)
        for upload in expired:
            _remove_bytes(upload)
    return len(expired)


def _remove_bytes(upload: Upload) -> None:
    # The parts first: what can no longer be joined cannot come back as an object.
    media = resources().media
    if upload.s3_upload_id is not None:
        media.abort_multipart_upload(upload.key, upload.s3_upload_id)
    media.delete(upload.key)


def _give_up_quietly(upload: Upload) -> None:
    try:
        give_up(upload)
    except (*AWS_ERRORS, SQLAlchemyError) as error:
        # Its row stays, and leads the housekeeper to its bytes.
        log.warning("an upload that failed is cleared away later", video_id=str(upload.id), error=str(error))


def _size(file: FileStorage) -> int:
    file.stream.seek(0, 2)
    size = file.stream.tell()
    file.stream.seek(0)
    return size
