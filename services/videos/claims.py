"""Claims of workers on videos: claim, renew, finish, fail, release.

Every change after the claim names its attempt and does nothing if a later attempt has taken over, so a worker that
was frozen or disconnected does no harm when it returns. Leases use the database's clock only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Claim:
    """Right to process a video until the lease expires."""

    video_id: UUID
    attempt: int
    original_key: str


class Refusal(Enum):
    """Why a video could not be claimed."""

    DONE = "processed or failed already"
    GONE = "deleted, or never there"
    BUSY = "another worker holds it"


_CLAIM = text(
    """
    WITH claimed AS (
        UPDATE videos SET status = 'processing', attempt = attempt + 1, progress = 0, failure_reason = NULL,
                          lease_until = now() + make_interval(secs => :seconds), updated_at = now()
        WHERE id = :id AND (status = 'uploaded' OR (status = 'processing' AND lease_until < now()))
        RETURNING id, attempt, original_url
    ), task AS (
        UPDATE task_results SET status = 'running', started_at = now(), sent_at = coalesce(sent_at, now())
        WHERE video_id IN (SELECT id FROM claimed)
    )
    SELECT id, attempt, original_url FROM claimed
    """
)
_STATUS = text("SELECT status FROM videos WHERE id = :id")
_HELD = "WHERE id = :id AND attempt = :attempt AND status = 'processing'"
_RENEW = text(
    "UPDATE videos SET lease_until = now() + make_interval(secs => :seconds), progress = greatest(progress, :progress) "
    f"{_HELD} RETURNING id"
)
_FINISH = text(
    f"""
    WITH video AS (
        UPDATE videos SET status = 'processed', processed_url = :processed, poster_url = :poster,
                          preview_url = :preview, progress = 100, processed_at = now(), updated_at = now(),
                          lease_until = NULL {_HELD} RETURNING id
    ), task AS (
        UPDATE task_results SET status = 'completed', completed_at = now() WHERE video_id IN (SELECT id FROM video)
    )
    SELECT id FROM video
    """
)
_FAIL = text(
    f"""
    WITH video AS (
        UPDATE videos SET status = 'failed', failure_reason = :reason, updated_at = now(), lease_until = NULL
        {_HELD} RETURNING id
    ), task AS (
        UPDATE task_results SET status = 'failed', error_message = :detail, completed_at = now()
        WHERE video_id IN (SELECT id FROM video)
    )
    SELECT id FROM video
    """
)
_RELEASE = text(
    f"""
    WITH video AS (
        UPDATE videos SET status = 'uploaded', progress = 0, updated_at = now(), lease_until = NULL {_HELD} RETURNING id
    ), task AS (
        UPDATE task_results SET error_message = :detail WHERE video_id IN (SELECT id FROM video)
    )
    SELECT id FROM video
    """
)


def claim(connection: Connection, video_id: UUID, *, lease_seconds: int) -> Claim | Refusal:
    """Claim a video that waits, or whose last lease expired."""
    row = connection.execute(_CLAIM, {"id": video_id, "seconds": lease_seconds}).one_or_none()
    if row is not None:
        return Claim(row.id, row.attempt, row.original_url)
    status = connection.execute(_STATUS, {"id": video_id}).scalar_one_or_none()
    if status is None:
        return Refusal.GONE
    return Refusal.DONE if status in ("processed", "failed") else Refusal.BUSY


def renew(connection: Connection, held: Claim, *, lease_seconds: int, progress: int) -> bool:
    """Extend the lease and store the progress in percent. False if the claim was lost."""
    return _still_held(connection, _RENEW, held, seconds=lease_seconds, progress=progress)


def finish(connection: Connection, held: Claim, *, processed_key: str, poster_key: str, preview_key: str) -> bool:
    """Publish the result. False if the claim was lost; the caller then discards the result."""
    return _still_held(connection, _FINISH, held, processed=processed_key, poster=poster_key, preview=preview_key)


def fail(connection: Connection, held: Claim, *, reason: str, detail: str) -> bool:
    """Mark a video as failed permanently. False if the claim was lost.

    Args:
        reason: Code that the portal translates for the player; see ``FailureReason``.
        detail: Details for the operator.
    """
    return _still_held(connection, _FAIL, held, reason=reason, detail=detail)


def release(connection: Connection, held: Claim, *, detail: str) -> bool:
    """Release a video for another attempt. False if the claim was lost."""
    return _still_held(connection, _RELEASE, held, detail=detail)


def _still_held(connection: Connection, statement: object, held: Claim, **parameters: object) -> bool:
    result = connection.execute(statement, {"id": held.video_id, "attempt": held.attempt, **parameters})  # type: ignore[call-overload]
    return result.scalar_one_or_none() is not None
