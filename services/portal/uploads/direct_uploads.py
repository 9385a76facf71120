"""Uploads from the browser straight to the bucket, in parts; they can be continued from another page or device.

Only S3 knows which parts have arrived, so an interrupted upload continues with the parts that S3 does not list.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.portal.accounts.identity import Caller
from services.portal.database import statements, transaction
from services.portal.http.errors import BadRequest, Conflict, NotFound
from services.portal.request_models import DirectUpload
from services.portal.resources import resources
from services.portal.uploads.common import CONTENT_TYPE, announce, base_name, delete_upload, too_large
from services.shared.storage import UploadPart, original_key
from services.videos.records import find_video
from services.videos.uploads import (
    SIGNATURE_BYTES,
    Upload,
    add_upload,
    find_unfinished_uploads,
    find_upload,
    has_video_signature,
    may_start_upload,
    record_upload,
)

LINK_SECONDS = 900
UNKNOWN = "Upload not found"
NO_ROOM = "Too many unfinished uploads: continue or discard one of them first"
NO_SUCH_PART = "The upload has no such part"
UNFINISHED = "Parts of the video file are missing"
WRONG_SIZE = "The uploaded file does not have the declared size"
ONLY_MP4_OR_MOV = "Invalid file type. Only MP4 and MOV files are allowed"


@dataclass(frozen=True)
class UploadProgress:
    """An unfinished upload and its missing parts.

    Args:
        upload: Upload, as recorded in the database.
        missing: Numbers of the parts that have not arrived, from 1.
    """

    upload: Upload
    missing: tuple[int, ...]

    @property
    def sent(self) -> int:
        """Number of bytes that have arrived."""
        return self.upload.size - sum(self.upload.parts[number] for number in self.missing)


@dataclass(frozen=True)
class SignedPart:
    """Presigned URL for one part.

    Args:
        number: Number of the part, from 1.
        size: Exact number of bytes that S3 accepts for the part.
        url: URL for the HTTP PUT.
    """

    number: int
    size: int
    url: str


def begin(caller: Caller, form: DirectUpload) -> UploadProgress:
    """Start an upload.

    Raises:
        BadRequest: the file is too large or of another type.
        Conflict: the account already has the maximum number of unfinished uploads.
    """
    if form.size > resources().environment.max_upload_bytes:
        raise too_large()
    if not form.filename.lower().endswith((".mp4", ".mov")):
        raise BadRequest(ONLY_MP4_OR_MOV)
    video_id = uuid.uuid4()
    with transaction() as connection:
        if not may_start_upload(connection, caller.user_id):
            raise Conflict(NO_ROOM)
        # A crash before the commit leaves a multipart upload without parts; the bucket's lifecycle rule aborts it.
        s3_upload_id = resources().media.start_multipart_upload(original_key(video_id), CONTENT_TYPE)
        upload = add_upload(
            connection,
            video_id=video_id,
            user_id=caller.user_id,
            title=form.title,
            filename=base_name(form.filename),
            size=form.size,
            is_public=form.is_public,
            fingerprint=form.fingerprint,
            s3_upload_id=s3_upload_id,
        )
    return UploadProgress(upload, tuple(upload.parts))


def waiting(caller: Caller) -> list[UploadProgress]:
    """Return the caller's unfinished uploads, the oldest first."""
    with statements() as connection:
        uploads = find_unfinished_uploads(connection, caller.user_id)
    return [_progress(upload) for upload in uploads]


def progress(caller: Caller, video_id: UUID) -> UploadProgress:
    """Return one of the caller's unfinished uploads.

    Raises:
        NotFound: the upload does not exist or belongs to another account.
    """
    return _progress(_own(caller, video_id))


def part_links(caller: Caller, video_id: UUID, numbers: Iterable[int]) -> list[SignedPart]:
    """Sign URLs for parts, each for the exact size of its part.

    Raises:
        NotFound: the upload does not exist or belongs to another account.
        BadRequest: the upload has no part with one of the numbers.
    """
    upload = _own(caller, video_id)
    parts = upload.parts
    requested = sorted(set(numbers))
    if any(number not in parts for number in requested):
        raise BadRequest(NO_SUCH_PART)
    media, s3_id = resources().media, _s3_id(upload)
    return [
        SignedPart(
            number,
            parts[number],
            media.part_upload_link(upload.key, s3_id, number, size=parts[number], seconds=LINK_SECONDS),
        )
        for number in requested
    ]


def complete(caller: Caller, video_id: UUID) -> None:
    """Turn a completely sent upload into a video; repeated and concurrent calls are safe.

    Raises:
        NotFound: the upload does not exist or belongs to another account.
        BadRequest: parts are missing; or the file is not a movie or not of the declared size, and is then deleted.
    """
    with transaction() as connection:
        # The row is locked while S3 joins the parts: a concurrent call waits and then finds the video.
        upload = find_upload(connection, video_id, caller.user_id, hold=True)
        error = _check_object(upload, _joined_size(upload)) if upload else None
        if upload and error is None:
            record_upload(connection, upload)
    if upload is None:
        _check_recorded(caller, video_id)
    elif error is None:
        announce(upload)
    else:
        delete_upload(upload)
        raise error


def discard(caller: Caller, video_id: UUID) -> None:
    """Delete an unfinished upload and the parts that have arrived.

    Raises:
        NotFound: the upload does not exist or belongs to another account.
    """
    if not delete_upload(_own(caller, video_id)):
        raise NotFound(UNKNOWN)


def _own(caller: Caller, video_id: UUID) -> Upload:
    with statements() as connection:
        upload = find_upload(connection, video_id, caller.user_id)
    if upload is None:
        raise NotFound(UNKNOWN)
    return upload


def _progress(upload: Upload) -> UploadProgress:
    arrived = _arrived(upload)
    if arrived is None and resources().media.size(upload.key) is not None:
        return UploadProgress(upload, ())
    return UploadProgress(upload, tuple(number for number in upload.parts if number not in (arrived or {})))


def _arrived(upload: Upload) -> dict[int, UploadPart] | None:
    """Return the parts that arrived with their full size; None if S3 has completed or aborted the upload."""
    listed = resources().media.parts(upload.key, _s3_id(upload))
    if listed is None:
        return None
    sizes = upload.parts
    return {number: part for number, part in listed.items() if part.size == sizes.get(number)}


def _joined_size(upload: Upload) -> int:
    """Return the size of the completed object; join the parts first if that has not happened yet."""
    media = resources().media
    size = media.size(upload.key)
    if size is None:
        arrived = _arrived(upload)
        if arrived is not None and len(arrived) < len(upload.parts):
            raise BadRequest(UNFINISHED)
        if arrived is not None:
            media.finish_multipart_upload(upload.key, _s3_id(upload), arrived)
        # If S3 does not know the upload, another request has completed or aborted it.
        size = media.size(upload.key)
    if size is None:
        raise NotFound(UNKNOWN)
    return size


def _check_object(upload: Upload, size: int) -> BadRequest | None:
    """Return the reason to refuse the uploaded object, or None."""
    if size != upload.size:
        return BadRequest(WRONG_SIZE)
    if not has_video_signature(resources().media.first_bytes(upload.key, SIGNATURE_BYTES)):
        return BadRequest(ONLY_MP4_OR_MOV)
    return None


def _check_recorded(caller: Caller, video_id: UUID) -> None:
    with statements() as connection:
        video = find_video(connection, video_id)
    if video is None or video.user_id != caller.user_id:
        raise NotFound(UNKNOWN)


def _s3_id(upload: Upload) -> str:
    if upload.s3_upload_id is None:
        raise ValueError(f"upload {upload.id} is not sent in parts")
    return upload.s3_upload_id
