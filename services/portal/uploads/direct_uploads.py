"""Uploads from the browser straight to the bucket, in parts: begun, continued from anywhere, completed or given up.

What has arrived is known by S3 alone, so a page that was closed, or another device, goes on with what is missing.
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
from services.portal.uploads.form_uploads import CONTENT_TYPE, announce, base_name, give_up, too_large
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
    """An upload and what is missing of it.

    Args:
        missing: numbers of the parts that have not arrived.
    """

    upload: Upload
    missing: tuple[int, ...]

    @property
    def sent(self) -> int:
        """The bytes that have arrived."""
        return self.upload.size - sum(self.upload.parts[number] for number in self.missing)


@dataclass(frozen=True)
class SignedPart:
    """Where one part is put, with exactly so many bytes."""

    number: int
    size: int
    url: str


def begin(caller: Caller, form: DirectUpload) -> UploadProgress:
    """Begin an upload.

    Raises:
        BadRequest: the file is too large or of another type.
        Conflict: the account holds as many unfinished uploads as it may.
    """
    if form.size > resources().environment.max_upload_bytes:
        raise too_large()
    if not form.filename.lower().endswith((".mp4", ".mov")):
        raise BadRequest(ONLY_MP4_OR_MOV)
    video_id = uuid.uuid4()
    with transaction() as connection:
        if not may_start_upload(connection, caller.user_id):
            raise Conflict(NO_ROOM)
        # A crash before the commit leaves an upload without parts, which the bucket's own rule ends.
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
    """The caller's unfinished uploads, the oldest first."""
    with statements() as connection:
        uploads = find_unfinished_uploads(connection, caller.user_id)
    return [_progress(upload) for upload in uploads]


def progress(caller: Caller, video_id: UUID) -> UploadProgress:
    """One of the caller's unfinished uploads.

    Raises:
        NotFound: there is no such upload, or it is another person's.
    """
    return _progress(_own(caller, video_id))


def part_links(caller: Caller, video_id: UUID, numbers: Iterable[int]) -> list[SignedPart]:
    """Links to which parts are put, each for the exact size of its part.

    Raises:
        NotFound: there is no such upload, or it is another person's.
        BadRequest: it has no part of a number.
    """
    upload = _own(caller, video_id)
    parts = upload.parts
    wanted = sorted(set(numbers))
    if any(number not in parts for number in wanted):
        raise BadRequest(NO_SUCH_PART)
    media, s3_id = resources().media, _s3_id(upload)
    return [
        SignedPart(
            number,
            parts[number],
            media.part_upload_link(upload.key, s3_id, number, size=parts[number], seconds=LINK_SECONDS),
        )
        for number in wanted
    ]


def complete(caller: Caller, video_id: UUID) -> None:
    """Let an upload whose parts are all there become a video; doing it twice, or side by side, does no harm.

    Raises:
        NotFound: there is no such upload, or it is another person's.
        BadRequest: parts are missing; or what arrived is no movie, or not what was declared, and then it is removed.
    """
    with transaction() as connection:
        # Held while S3 joins the parts: who comes meanwhile waits, and finds a video.
        upload = find_upload(connection, video_id, caller.user_id, hold=True)
        refusal = _look_at(upload, _joined_size(upload)) if upload else None
        if upload and refusal is None:
            record_upload(connection, upload)
    if upload is None:
        _check_recorded(caller, video_id)
    elif refusal is None:
        announce(upload)
    else:
        give_up(upload)
        raise refusal


def discard(caller: Caller, video_id: UUID) -> None:
    """Give an upload up, with all that has arrived of it.

    Raises:
        NotFound: there is no such upload, or it is another person's.
    """
    if not give_up(_own(caller, video_id)):
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
    """The parts that have arrived whole; None where S3 knows the upload no more, for one because they were joined."""
    found = resources().media.parts(upload.key, _s3_id(upload))
    if found is None:
        return None
    sizes = upload.parts
    return {number: part for number, part in found.items() if part.size == sizes.get(number)}


def _joined_size(upload: Upload) -> int:
    """The size of the object that the parts make; they are joined where nobody has done it yet."""
    media = resources().media
    size = media.size(upload.key)
    if size is None:
        arrived = _arrived(upload)
        if arrived is not None and len(arrived) < len(upload.parts):
            raise BadRequest(UNFINISHED)
        if arrived is not None:
            media.finish_multipart_upload(upload.key, _s3_id(upload), arrived)
        # Where S3 knew no such upload, another request has joined it or given it up.
        size = media.size(upload.key)
    if size is None:
        raise NotFound(UNKNOWN)
    return size


def _look_at(upload: Upload, size: int) -> BadRequest | None:
    """What speaks against the object, or None."""
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
