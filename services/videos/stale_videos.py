"""Finds videos whose work nobody will do any more, and has them sent again or gives them up.

A message can be lost, or lie among the dead letters, while its video waits for it. That is seen from the outside:
nobody holds the video, nothing of it waits in the outbox, it has shown no sign of life for long, and the queue is
not what holds it up. Only the database's clock counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from services.videos.failures import FailureReason

STALE_AFTER_VISIBILITIES = 10
"""After so many visibility timeouts without a sign of life a video is overdue.

A worker that failed hides its message for up to 7.5 of them before the next try, and one that died for one: with ten,
no message that is still coming is taken for lost.
"""

MAX_REQUEUES = 3
"""How often a video is sent again before it is given up: with each, the queue tries it as often as it tries any."""

_SWEEP = text(
    """
    WITH overdue AS (
        SELECT v.id AS video_id, t.id AS task_id, t.sweeps >= :most_sweeps AS given_up
        FROM videos v JOIN task_results t ON t.video_id = v.id
        WHERE v.status IN ('uploaded', 'processing') AND t.sent_at IS NOT NULL
          AND greatest(v.updated_at, v.lease_until, t.sent_at) < now() - make_interval(secs => :stale_after_seconds)
          AND (:queue_is_empty OR t.sent_at < (SELECT max(sent_at) FROM task_results WHERE status <> 'pending'))
        ORDER BY v.updated_at LIMIT :most
        FOR NO KEY UPDATE OF v, t SKIP LOCKED
    ), sent_again AS (
        UPDATE task_results SET status = 'pending', sent_at = NULL, sweeps = sweeps + 1, swept_at = now()
        WHERE id IN (SELECT task_id FROM overdue WHERE NOT given_up)
    ), failed AS (
        UPDATE videos SET status = 'failed', failure_reason = :reason, updated_at = now(), lease_until = NULL
        WHERE id IN (SELECT video_id FROM overdue WHERE given_up)
    ), task AS (
        UPDATE task_results SET status = 'failed', completed_at = now(),
                                error_message = concat_ws('; ', error_message, :detail ::text)
        WHERE id IN (SELECT task_id FROM overdue WHERE given_up)
    )
    SELECT video_id, given_up FROM overdue
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
    """A video that was overdue.

    Args:
        video_id: which.
        given_up: whether it was failed; else it is in the outbox again.
    """

    video_id: UUID
    given_up: bool


def recover_stale_videos(
    connection: Connection, *, stale_after_seconds: float, queue_is_empty: bool, most: int = 100
) -> list[StaleVideo]:
    """Put overdue videos into the outbox, and fail those that were there often enough; one statement.

    Any number of processes may do it at once. A video waits for its turn, and is not overdue, while the queue holds
    messages and none that was sent after its own was begun.

    Args:
        stale_after_seconds: how long a video may be without a sign of life.
        queue_is_empty: whether no message waits in the queue.
        most: how many at once.
    """
    found = connection.execute(
        _SWEEP,
        {
            "stale_after_seconds": stale_after_seconds,
            "queue_is_empty": queue_is_empty,
            "most": most,
            "most_sweeps": MAX_REQUEUES,
            "reason": FailureReason.GIVEN_UP,
            "detail": f"given up: no worker finished it after it was sent again {MAX_REQUEUES} times",
        },
    )
    return [StaleVideo(row.video_id, row.given_up) for row in found]


def reopen(connection: Connection, video_id: UUID) -> bool:
    """Let a video that was given up be worked on again, once its message is sent; False where it was not given up."""
    result = connection.execute(_REOPEN, {"id": video_id, "reason": FailureReason.GIVEN_UP})
    return result.scalar_one_or_none() is not None
