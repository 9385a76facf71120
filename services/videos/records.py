"""Videos in the database: add, find, delete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from services.shared import telemetry


@dataclass(frozen=True)
class Video:
    """Video with its exact vote count and its player.

    ``is_open``: whether everyone may watch it and vote for it. It is public, processed and not hidden by a moderator.
    """

    id: UUID
    user_id: int
    title: str
    original_filename: str
    original_url: str
    processed_url: str | None
    poster_url: str | None
    preview_url: str | None
    status: str
    failure_reason: str | None
    progress: int
    uploaded_at: datetime
    processed_at: datetime | None
    is_public: bool
    is_open: bool
    hidden_at: datetime | None
    votes: int
    first_name: str
    last_name: str
    city: str


class Deletion(Enum):
    """Result of deleting a video."""

    DELETED = "deleted"
    PUBLISHED = "published for voting"
    NOT_OWNER = "not the owner"
    UNKNOWN = "unknown"


COUNTED_UNTIL = (
    "(SELECT CASE WHEN now() >= freezes_at AND coalesce(now() < closes_at, true) THEN freezes_at "
    "ELSE 'infinity' END FROM voting_period)"
)
"""SQL: the end of the counted votes. Votes cast from then on are stored but not published yet."""
WAITING = f"cast_at < {COUNTED_UNTIL}"
"""SQL: whether a delta that waits to be rolled up is part of the published count."""

COLUMNS = f"""
    v.id, v.user_id, v.title, v.original_filename, v.original_url, v.processed_url, v.poster_url, v.preview_url,
    v.status, v.failure_reason, v.progress, v.uploaded_at, v.processed_at, v.is_public, v.is_open, v.hidden_at,
    u.first_name, u.last_name, coalesce(v.city, u.city) AS city,
    v.votes_count + coalesce((SELECT sum(d.delta) FROM vote_deltas d WHERE d.video_id = v.id AND d.{WAITING}), 0)::int
        AS votes
"""
"""SQL: the columns of a ``Video`` from the tables ``videos v`` and ``users u``."""

_SELECT = f"SELECT {COLUMNS} FROM videos v JOIN users u ON u.id = v.user_id"
_ADD = text(
    """
    WITH video AS (
        INSERT INTO videos (id, user_id, title, original_filename, original_url, is_public)
        VALUES (:id, :user_id, :title, :original_filename, :original_url, :is_public)
        ON CONFLICT (id) DO NOTHING
        RETURNING id
    )
    INSERT INTO task_results (task_id, video_id, request_id)
    SELECT id::text, id, :request_id FROM video RETURNING video_id
    """
)
_BY_ID = text(f"{_SELECT} WHERE v.id = :id")
_OF_OWNER = text(f"{_SELECT} WHERE v.user_id = :user_id ORDER BY v.uploaded_at DESC, v.id")
_LOCK = text("SELECT user_id, is_open FROM videos WHERE id = :id FOR UPDATE")
# Skips deltas that are being rolled up: the roll-up may wait for the video that is locked here.
_DELETE = text(
    """
    WITH gone AS (DELETE FROM videos WHERE id = :id RETURNING id, user_id),
         deltas AS (DELETE FROM vote_deltas WHERE (cast_at, id) IN
                    (SELECT cast_at, id FROM vote_deltas WHERE video_id = :id FOR UPDATE SKIP LOCKED))
    INSERT INTO deleted_videos (video_id, user_id) SELECT id, user_id FROM gone
    """
)


def add_video(
    connection: Connection,
    *,
    video_id: UUID,
    user_id: int,
    title: str,
    original_filename: str,
    original_url: str,
    is_public: bool,
) -> bool:
    """Record an uploaded video and its processing task in one statement. False if it was recorded before.

    The task stores the id of the current request, so that the worker's log lines have it too.

    Args:
        original_url: Key of the player's file in the bucket.
    """
    added = connection.execute(
        _ADD,
        {
            "id": video_id,
            "user_id": user_id,
            "title": title,
            "original_filename": original_filename,
            "original_url": original_url,
            "is_public": is_public,
            "request_id": telemetry.bound_value("request_id"),
        },
    )
    return added.scalar_one_or_none() is not None


def find_video(connection: Connection, video_id: UUID) -> Video | None:
    """Find the video with an id, of any owner."""
    return next(iter(_videos(connection, _BY_ID, id=video_id)), None)


def list_player_videos(connection: Connection, user_id: int) -> list[Video]:
    """List the videos of a player, latest first."""
    return _videos(connection, _OF_OWNER, user_id=user_id)


def delete_video(connection: Connection, video_id: UUID, user_id: int) -> Deletion:
    """Delete a player's own video unless it is published. The caller commits, then deletes the video's objects."""
    row = connection.execute(_LOCK, {"id": video_id}).one_or_none()
    if row is None:
        return Deletion.UNKNOWN
    if row.user_id != user_id:
        return Deletion.NOT_OWNER
    if row.is_open:
        return Deletion.PUBLISHED
    connection.execute(_DELETE, {"id": video_id})
    return Deletion.DELETED


def _videos(connection: Connection, statement: Any, **parameters: object) -> list[Video]:
    return [Video(**row._mapping) for row in connection.execute(statement, parameters)]
