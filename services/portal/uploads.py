"""Uploads: through the API for existing clients, and from the browser straight to the bucket.

A direct upload leaves nothing in the database until it is complete: what was declared travels in a
signed receipt that the browser hands back.
"""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID

from flask import request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import FileStorage

from services.core.aws import AWS_ERRORS
from services.core.outbox import relay
from services.core.storage import original_key
from services.core.telemetry import get_logger
from services.core.videos import add_video, find_video
from services.portal.database import db, statements, transaction
from services.portal.errors import Forbidden, Refused
from services.portal.forms import DirectUpload, VideoUpload
from services.portal.identity import Caller
from services.portal.resources import resources

CONTENT_TYPE = "video/mp4"
RECEIPT_SECONDS = 3600
NO_FILE = "No video file provided"
ONLY_MP4 = "Invalid file type. Only MP4 files are allowed"
ONLY_MP4_OR_MOV = "Invalid file type. Only MP4 and MOV files are allowed"
_LONGEST_NAME = 255

log = get_logger(__name__)


def too_large() -> Refused:
    """The refusal of a file larger than the portal takes."""
    return Refused(f"File size exceeds maximum allowed ({resources().environment.max_upload_bytes // 2**20}MB)")


def check_file(file: FileStorage | None) -> FileStorage:
    """The file part of the contract's form, if it may be taken.

    Raises:
        Refused: there is none, it is too large, or its name does not end in .mp4.
    """
    if file is None or not file.filename:
        raise Refused(NO_FILE)
    file.stream.seek(0, 2)
    size = file.stream.tell()
    file.stream.seek(0)
    if size > resources().environment.max_upload_bytes:
        raise too_large()
    if not file.filename.lower().endswith(".mp4"):
        raise Refused(ONLY_MP4)
    return file


def receive(caller: Caller, file: FileStorage, upload: VideoUpload, *, is_public: bool) -> UUID:
    """Take a video that came through the API; returns its id."""
    video_id = uuid.uuid4()
    resources().media.store(original_key(video_id), file.stream, CONTENT_TYPE)
    _record(video_id, user_id=caller.user_id, title=upload.title, filename=file.filename or "", is_public=is_public)
    return video_id


def offer(caller: Caller, upload: DirectUpload) -> dict[str, Any]:
    """Let a browser send one file straight to the bucket.

    Returns:
        ``video_id``; ``upload``, the ``url`` and ``fields`` of the form to post; ``receipt``, to complete it with.

    Raises:
        Refused: the file is too large or of another type.
    """
    if upload.size > resources().environment.max_upload_bytes:
        raise too_large()
    if not upload.filename.lower().endswith((".mp4", ".mov")):
        raise Refused(ONLY_MP4_OR_MOV)
    video_id = uuid.uuid4()
    form = resources().media.upload_form(
        original_key(video_id), content_type=CONTENT_TYPE, max_bytes=upload.size, seconds=RECEIPT_SECONDS
    )
    receipt = _receipts().dumps({"video_id": str(video_id), "user_id": caller.user_id, **upload.model_dump()})
    return {"video_id": str(video_id), "upload": form, "receipt": receipt}


def complete(caller: Caller, video_id: UUID, receipt: str) -> None:
    """Take a video that a browser has sent to the bucket; doing it twice does no harm.

    Raises:
        Refused: the receipt does not hold, the file is not there, or is not what was declared; then it is removed.
        Forbidden: it is another person's upload.
    """
    try:
        declared = _receipts().loads(receipt, max_age=RECEIPT_SECONDS)
    except BadSignature:
        raise Refused("Invalid or expired receipt") from None
    if declared["user_id"] != caller.user_id:
        raise Forbidden("You can only complete your own uploads")
    if declared["video_id"] != str(video_id):
        raise Refused("Invalid or expired receipt")
    with statements() as connection:
        if find_video(connection, video_id) is not None:
            return
    _check_object(original_key(video_id), declared["size"])
    _record(
        video_id,
        user_id=caller.user_id,
        title=declared["title"],
        filename=declared["filename"],
        is_public=declared["is_public"],
    )


def _check_object(key: str, declared_size: int) -> None:
    media = resources().media
    size = media.size(key)
    if size is None:
        raise Refused("The video file has not been uploaded yet")
    if size != declared_size:
        media.delete(key)
        raise Refused("The uploaded file does not have the declared size")
    # ISO/IEC 14496-12: an MP4 or MOV file starts with a box of type ftyp.
    if media.first_bytes(key, 12)[4:8] != b"ftyp":
        media.delete(key)
        raise Refused(ONLY_MP4_OR_MOV)


def _record(video_id: UUID, *, user_id: int, title: str, filename: str, is_public: bool) -> None:
    key = original_key(video_id)
    try:
        with transaction() as connection:
            add_video(
                connection,
                video_id=video_id,
                user_id=user_id,
                title=title,
                original_filename=_base_name(filename),
                original_url=key,
                is_public=is_public,
            )
    except SQLAlchemyError:
        _remove_quietly(key)
        raise
    log.info("video received", video_id=str(video_id), user_id=user_id, address=request.remote_addr)
    try:
        relay(db.engine, resources().queue)
    except (*AWS_ERRORS, SQLAlchemyError) as error:
        # The row is the promise; the housekeeper keeps it.
        log.warning("the queue could not be told of a video yet", video_id=str(video_id), error=str(error))


def _remove_quietly(key: str) -> None:
    try:
        resources().media.delete(key)
    except AWS_ERRORS as error:
        log.warning("an object without a video stays behind", key=key, error=str(error))


def _base_name(filename: str) -> str:
    """The last part of a path of any system, cut to what the database holds."""
    name = PureWindowsPath(PurePosixPath(filename).name).name.replace("\0", "")
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 4] + name[-4:]


def _receipts() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(resources().keys.accepted(), salt="upload")
