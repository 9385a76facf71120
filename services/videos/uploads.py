"""Files on their way into the bucket, until each becomes a video or is given up.

A row stands for bytes that no video owns. It is written before the first byte and removed in the transaction that
records the video, so that a crash anywhere leaves either a video or a row that leads to what must be cleared away.
"""

from __future__ import annotations

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

MOST_OPEN = 5
"""How many unfinished uploads one account may hold."""

DAYS_KEPT = 3
"""How long an upload may take; shorter than the week after which the bucket itself drops parts."""


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


def has_room(connection: Connection, user_id: int) -> bool:
    """Whether an account may begin one more upload; holds its other beginnings back until the transaction ends."""
    connection.execute(_LOCK_ACCOUNT, {"user_id": user_id})
    return int(connection.execute(_COUNT, {"user_id": user_id}).scalar_one()) < MOST_OPEN


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
        days=DAYS_KEPT,
    )[0]


def find_upload(connection: Connection, video_id: UUID, user_id: int, *, hold: bool = False) -> Upload | None:
    """An account's own upload in parts that is not past its time.

    Args:
        hold: let nobody else hold, record or remove it until the transaction ends.
    """
    return next(iter(_uploads(connection, _HOLD if hold else _FIND, id=video_id, user_id=user_id)), None)


def waiting_uploads(connection: Connection, user_id: int) -> list[Upload]:
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


def take_expired(connection: Connection, *, most: int) -> list[Upload]:
    """Forget uploads that are past their time. The caller removes their bytes before it commits.

    Args:
        most: how many at once.
    """
    return _uploads(connection, _EXPIRED, most=most)


def _uploads(connection: Connection, statement: Any, **parameters: object) -> list[Upload]:
    return [Upload(**row._mapping) for row in connection.execute(statement, parameters)]
