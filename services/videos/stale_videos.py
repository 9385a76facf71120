"""Stale videos: find videos whose message was lost, and requeue them or give them up.

A message can be lost or end up in the dead-letter queue while its video waits for it. Such a video has no claim and
no row in the outbox, has not changed for a long time, and is not just waiting for its turn in the queue. Only the
database's clock counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from services.videos.failures import FailureReason

STALE_AFTER_VISIBILITIES = 10
"""Time without a change after which a video is stale, in visibility timeouts.

A worker that failed hides its message for up to 7.5 of them before the next try, a worker that died for one. With
ten, no message that will still be delivered is considered lost.
"""

MAX_REQUEUES = 3
"""Maximum number of times that a video is requeued. Each time, it gets the queue's full number of receives."""

_RECOVER = text(
    """
    WITH stale AS (
        SELECT v.id AS video_id, t.id AS task_id, t.sweeps >= :max_requeues AS given_up
        FROM videos v JOIN task_results t ON t.video_id = v.id
        WHERE v.status IN ('uploaded', 'processing') AND t.sent_at IS NOT NULL
          AND greatest(v.updated_at, v.lease_until, t.sent_at) < now() - make_interval(secs => :stale_after_seconds)
          AND (:queue_is_empty OR t.sent_at < (SELECT max(sent_at) FROM task_results WHERE status <> 'pending'))
        ORDER BY v.updated_at LIMIT :most
        FOR NO KEY UPDATE OF v, t SKIP LOCKED
    ), requeued AS (
        UPDATE task_results SET status = 'pending', sent_at = NULL, sweeps = sweeps + 1, swept_at = now()
        WHERE id IN (SELECT task_id FROM stale WHERE NOT given_up)
    ), failed AS (
        UPDATE videos SET status = 'failed', failure_reason = :reason, updated_at = now(), lease_until = NULL
        WHERE id IN (SELECT video_id FROM stale WHERE given_up)
    ), task AS (
        UPDATE task_results SET status = 'failed', completed_at = now(),
                                error_message = concat_ws('; ', error_message, :detail ::text)
        WHERE id IN (SELECT task_id FROM stale WHERE given_up)
    )
    SELECT video_id, given_up FROM stale
    """
)
_REOPEN = text(
    """
    WITH video AS (
        UPDATE videos SET status = 'uploaded', failure_reason = NULL, progress = 0, updated_at = now()
        WHERE id = :id AND status = 'failed' AND failure_reason = :reason RETURNING id
    ), task AS (
        UPDATE task_results SET status = 'running', sweeps = 0, sent_at = now(), completed_at = NULL
        WHERE video_id IN (SELECT id FROM video)
    )
    SELECT id FROM video
    """
)


@dataclass(frozen=True)
class StaleVideo:
    """Stale video that was recovered.

    Args:
        video_id: Id of the video.
        given_up: Whether it was marked as failed. Otherwise it is in the outbox again.
    """

    video_id: UUID
    given_up: bool


def recover_stale_videos(
    connection: Connection, *, stale_after_seconds: float, queue_is_empty: bool, most: int = 100
) -> list[StaleVideo]:
    """Put stale videos into the outbox again, and fail the videos that were requeued too often, in one statement.

    Several processes may call this at once. A video is not stale but waiting for its turn while the queue contains
    messages and no message that was sent later has been started.

    Args:
        stale_after_seconds: Time without a change after which a video is stale, in seconds.
        queue_is_empty: Whether no message waits in the queue.
        most: Maximum number of videos.
    """
    rows = connection.execute(
        _RECOVER,
        {
            "stale_after_seconds": stale_after_seconds,
            "queue_is_empty": queue_is_empty,
            "most": most,
            "max_requeues": MAX_REQUEUES,
            "reason": FailureReason.GIVEN_UP,
            "detail": f"given up: no worker finished it after it was sent again {MAX_REQUEUES} times",
        },
    )
    return [StaleVideo(row.video_id, row.given_up) for row in rows]


def reopen(connection: Connection, video_id: UUID) -> bool:
    """Reopen a video that was given up; the caller then sends its message. False if it was not given up."""
    result = connection.execute(_REOPEN, {"id": video_id, "reason": FailureReason.GIVEN_UP})
    return result.scalar_one_or_none() is not None
