"""Uploads through the API's multipart form, which existing clients use."""

from __future__ import annotations

import tempfile
import uuid
from typing import IO
from uuid import UUID

from flask import Request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import FileStorage

from services.portal.accounts.identity import Caller
from services.portal.database import transaction
from services.portal.http.errors import BadRequest
from services.portal.request_models import VideoUpload
from services.portal.resources import resources
from services.portal.uploads.common import CONTENT_TYPE, announce, base_name, delete_upload, too_large
from services.shared.aws import AWS_ERRORS
from services.shared.telemetry import get_logger
from services.videos.uploads import Upload, add_upload, record_upload

NO_FILE = "No video file provided"
ONLY_MP4 = "Invalid file type. Only MP4 files are allowed"
_IN_MEMORY_BYTES = 512 * 1024
# /tmp is memory on Debian 13; /var/tmp is a disk everywhere.
_FOLDER = "/var/tmp"

log = get_logger(__name__)


class StreamedRequest(Request):
    """A request that writes uploaded files to the disk while they arrive; at most 512 KiB of a file stay in memory."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES, mode="w+b", dir=_FOLDER)


def check_file(file: FileStorage | None) -> FileStorage:
    """Return the file part of the form after checking its presence, size and name.

    Raises:
        BadRequest: the file is missing or too large, or its name does not end in .mp4.
    """
    if file is None or not file.filename:
        raise BadRequest(NO_FILE)
    if _size(file) > resources().environment.max_upload_bytes:
        raise too_large()
    if not file.filename.lower().endswith(".mp4"):
        raise BadRequest(ONLY_MP4)
    return file


def receive(caller: Caller, file: FileStorage, form: VideoUpload, *, is_public: bool) -> UUID:
    """Store a video that came through the form; return its id."""
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
        _delete_failed(upload)
        raise
    return upload.id


def _record(upload: Upload) -> None:
    """Turn a stored upload into a video, unless the upload has been deleted meanwhile."""
    with transaction() as connection:
        recorded = record_upload(connection, upload)
    if recorded:
        announce(upload)


def _delete_failed(upload: Upload) -> None:
    try:
        delete_upload(upload)
    except (*AWS_ERRORS, SQLAlchemyError) as error:
        # The row stays; the scheduler deletes it and its bytes when it expires.
        log.warning("failed upload not deleted yet", video_id=str(upload.id), error=str(error))


def _size(file: FileStorage) -> int:
    file.stream.seek(0, 2)
    size = file.stream.tell()  # plain-english: allow
    file.stream.seek(0)
    return size
