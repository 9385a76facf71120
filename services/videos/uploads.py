"""Uploads in progress, until each becomes a video or is given up.

A row represents bytes in the bucket that belong to no video. It is written before the first byte and deleted in the
transaction that records the video, so a crash leaves either a video or a row from which the bytes can be cleaned up.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from services.shared.storage import original_key
from services.videos.records import add_video

PART_BYTES = 5 * 2**20
"""S3's minimum part size: a lost connection loses at most the parts that were being sent.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

MAX_OPEN_UPLOADS = 5
"""Maximum number of unfinished uploads of an account."""

RETENTION_DAYS = 3
"""Maximum duration of an upload, in days; shorter than the week after which the bucket's lifecycle aborts it."""

SIGNATURE_BYTES = 16
"""Number of bytes that ``has_video_signature`` needs."""

# HEIF and AVIF (ISO/IEC 23008-12), Canon's raw images, JPEG 2000, and Apple's audio files and books.
_OTHER_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"crx ", b"jp2 ", b"jpx ", b"jpm ", b"M4A ", b"M4B ")
)
_MAX_FILE_TYPE_BYTES = 4096


@dataclass(frozen=True)
class Upload:
    """Upload in progress.

    Args:
        id: Id of the video that it will become.
        size: Size of the file, in bytes.
        fingerprint: Fingerprint from the browser, to recognize the file when the upload is resumed. May be empty.
        part_size: Size of each part except the last, in bytes.
        s3_upload_id: Id of the S3 multipart upload. None if the portal sends the file.
    """

    id: UUID
    user_id: int
    title: str
    filename: str
    size: int
    is_public: bool
    fingerprint: str
    part_size: int
    s3_upload_id: str | None
    created_at: datetime
    expires_at: datetime

    @property
    def key(self) -> str:
        """Key of the file in the bucket."""
        return original_key(self.id)

    @property
    def parts(self) -> dict[int, int]:
        """Sizes of the parts in bytes, by number from 1."""
        starts = range(0, self.size, self.part_size)
        return {number: min(self.part_size, self.size - start) for number, start in enumerate(starts, start=1)}


_COLUMNS = "id, user_id, title, filename, size, is_public, fingerprint, part_size, s3_upload_id, created_at, expires_at"
# Serializes the starts of an account's uploads, so that two at once cannot exceed the maximum.
_LOCK_ACCOUNT = text("SELECT id FROM users WHERE id = :user_id FOR NO KEY UPDATE")
_COUNT = text(
    "SELECT count(*) FROM uploads WHERE user_id = :user_id AND s3_upload_id IS NOT NULL AND expires_at > now()"
)
_ADD = text(
    f"""
    INSERT INTO uploads (id, user_id, title, filename, size, is_public, fingerprint, part_size, s3_upload_id,
                         expires_at)
    VALUES (:id, :user_id, :title, :filename, :size, :is_public, :fingerprint, :part_size, :s3_upload_id,
            now() + make_interval(days => :days))
    RETURNING {_COLUMNS}
    """
)
_OWN = f"SELECT {_COLUMNS} FROM uploads WHERE user_id = :user_id AND s3_upload_id IS NOT NULL AND expires_at > now()"
_FIND = text(f"{_OWN} AND id = :id")
_HOLD = text(f"{_OWN} AND id = :id FOR NO KEY UPDATE")
_UNFINISHED = text(f"{_OWN} ORDER BY created_at, id")
_REMOVE = text("DELETE FROM uploads WHERE id = :id RETURNING id")
_EXPIRED = text(
    f"""
    DELETE FROM uploads
    WHERE id IN (SELECT id FROM uploads WHERE expires_at <= now() ORDER BY expires_at LIMIT :most
                 FOR UPDATE SKIP LOCKED)
    RETURNING {_COLUMNS}
    """
)


def has_video_signature(beginning: bytes) -> bool:
    """Return whether a file may be an MP4 or QuickTime video.

    Such a file begins with a box ``ftyp`` that names a major brand, a version and the compatible brands, four bytes
    each (ISO/IEC 14496-12, 4.3). Images and audio use the same container under other brands.

    Args:
        beginning: The first ``SIGNATURE_BYTES`` bytes of the file, or all of a smaller file.
    """
    if len(beginning) < SIGNATURE_BYTES:
        return False
    length, kind, brand, _version = struct.unpack(">I4s4sI", beginning[:SIGNATURE_BYTES])
    is_file_type = kind == b"ftyp" and SIGNATURE_BYTES <= length <= _MAX_FILE_TYPE_BYTES and length % 4 == 0
    return is_file_type and brand not in _OTHER_BRANDS and brand.isascii() and brand.decode().isprintable()


def may_start_upload(connection: Connection, user_id: int) -> bool:
    """Return whether an account may start another upload. Blocks its other starts until the transaction ends."""
    connection.execute(_LOCK_ACCOUNT, {"user_id": user_id})
    return int(connection.execute(_COUNT, {"user_id": user_id}).scalar_one()) < MAX_OPEN_UPLOADS


def add_upload(
    connection: Connection,
    *,
    video_id: UUID,
    user_id: int,
    title: str,
    filename: str,
    size: int,
    is_public: bool,
    fingerprint: str = "",
    s3_upload_id: str | None = None,
) -> Upload:
    """Record an upload before its first byte is sent.

    Args:
        fingerprint: Fingerprint from the browser, to recognize the file when the upload is resumed.
        s3_upload_id: Id of the S3 multipart upload. None if the portal sends the file.
    """
    return _uploads(
        connection,
        _ADD,
        id=video_id,
        user_id=user_id,
        title=title,
        filename=filename,
        size=size,
        is_public=is_public,
        fingerprint=fingerprint,
        part_size=PART_BYTES,
        s3_upload_id=s3_upload_id,
        days=RETENTION_DAYS,
    )[0]


def find_upload(connection: Connection, video_id: UUID, user_id: int, *, hold: bool = False) -> Upload | None:
    """Find an account's own multipart upload that has not expired.

    Args:
        hold: Whether to lock it against other transactions.
    """
    return next(iter(_uploads(connection, _HOLD if hold else _FIND, id=video_id, user_id=user_id)), None)


def find_unfinished_uploads(connection: Connection, user_id: int) -> list[Upload]:
    """List the unfinished multipart uploads of an account, oldest first."""
    return _uploads(connection, _UNFINISHED, user_id=user_id)


def record_upload(connection: Connection, upload: Upload) -> bool:
    """Turn an upload into a video that waits for a worker. False if that was done before or it was given up.

    Both changes are in the caller's transaction.
    """
    if not remove_upload(connection, upload.id):
        return False
    return add_video(
        connection,
        video_id=upload.id,
        user_id=upload.user_id,
        title=upload.title,
        original_filename=upload.filename,
        original_url=upload.key,
        is_public=upload.is_public,
    )


def remove_upload(connection: Connection, video_id: UUID) -> bool:
    """Delete the row of an upload. False if there is none. The caller deletes its bytes before it commits."""
    return connection.execute(_REMOVE, {"id": video_id}).scalar_one_or_none() is not None


def remove_expired_uploads(connection: Connection, *, most: int) -> list[Upload]:
    """Delete and return the rows of expired uploads. The caller deletes their bytes before it commits.

    Args:
        most: Maximum number of uploads.
    """
    return _uploads(connection, _EXPIRED, most=most)


def _uploads(connection: Connection, statement: Any, **parameters: object) -> list[Upload]:
    return [Upload(**row._mapping) for row in connection.execute(statement, parameters)]
