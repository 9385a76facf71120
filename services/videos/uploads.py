"""Files on their way into the bucket, until each becomes a video or is given up.

A row stands for bytes that no video owns. It is written before the first byte and removed in the transaction that
records the video, so that a crash anywhere leaves either a video or a row that leads to what must be cleared away.
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
"""The smallest part that S3 takes: what a lost connection costs is at most one part of each that were on their way.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

MAX_OPEN_UPLOADS = 5
"""How many unfinished uploads one account may hold."""

RETENTION_DAYS = 3
"""How long an upload may take; shorter than the week after which the bucket itself drops parts."""

SIGNATURE_BYTES = 16
"""Number of bytes that ``has_video_signature`` needs."""

# HEIF and AVIF (ISO/IEC 23008-12), Canon's raw images, JPEG 2000, and Apple's audio files and books.
_OTHER_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"crx ", b"jp2 ", b"jpx ", b"jpm ", b"M4A ", b"M4B ")
)
_MAX_FILE_TYPE_BYTES = 4096


@dataclass(frozen=True)
class Upload:
    """A file on its way.

    Args:
        id: of the video it will become.
        size: bytes of the whole file.
        fingerprint: what the browser told of the content, to know the file again; may be empty.
        part_size: bytes of each part but the last.
        s3_upload_id: S3's id of the upload in parts; None where the portal itself sends the file.
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
        """Where the file will lie."""
        return original_key(self.id)

    @property
    def parts(self) -> dict[int, int]:
        """The parts by number, from 1, and the bytes of each."""
        starts = range(0, self.size, self.part_size)
        return {number: min(self.part_size, self.size - start) for number, start in enumerate(starts, start=1)}


_COLUMNS = "id, user_id, title, filename, size, is_public, fingerprint, part_size, s3_upload_id, created_at, expires_at"
# One account's uploads begin one after the other, so that two at once cannot both be the last that is allowed.
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
_WAITING = text(f"{_OWN} ORDER BY created_at, id")
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
    """Whether an account may begin one more upload; holds its other beginnings back until the transaction ends."""
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
    """Remember a file before its first byte is sent.

    Args:
        fingerprint: what the browser told of the content.
        s3_upload_id: S3's id of the upload in parts; None where the portal itself sends the file.
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
    """An account's own upload in parts that is not past its time.

    Args:
        hold: let nobody else hold, record or remove it until the transaction ends.
    """
    return next(iter(_uploads(connection, _HOLD if hold else _FIND, id=video_id, user_id=user_id)), None)


def find_unfinished_uploads(connection: Connection, user_id: int) -> list[Upload]:
    """An account's uploads in parts that are not finished, the oldest first."""
    return _uploads(connection, _WAITING, user_id=user_id)


def record_upload(connection: Connection, upload: Upload) -> bool:
    """Let an upload become a video that waits for a worker; False where it did before, or was given up.

    The caller's transaction holds both: the row goes when the video comes.
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
    """Forget an upload; False where there is none any more. The caller removes its bytes before it commits."""
    return connection.execute(_REMOVE, {"id": video_id}).scalar_one_or_none() is not None


def remove_expired_uploads(connection: Connection, *, most: int) -> list[Upload]:
    """Forget uploads that are past their time. The caller removes their bytes before it commits.

    Args:
        most: how many at once.
    """
    return _uploads(connection, _EXPIRED, most=most)


def _uploads(connection: Connection, statement: Any, **parameters: object) -> list[Upload]:
    return [Upload(**row._mapping) for row in connection.execute(statement, parameters)]
