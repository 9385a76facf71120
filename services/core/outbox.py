"""Carries uploads from the database to the queue: none is lost when the queue cannot be reached."""

from __future__ import annotations

from sqlalchemy import Engine, text

from services.core.queue import VideoQueue

_UNSENT = text(
    "SELECT id, video_id FROM task_results WHERE status = 'pending' AND sent_at IS NULL "
    "ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED"
)
_SENT = text("UPDATE task_results SET sent_at = now() WHERE id = :id")


def relay(engine: Engine, queue: VideoQueue, *, most: int = 10) -> int:
    """Send what has not been sent; returns how many were.

    Any number of processes may do it at once. A crash between sending and committing sends a
    video twice, which the workers' claim makes harmless.

    Args:
        most: how many to send in one transaction.
    """
    with engine.begin() as connection:
        tasks = connection.execute(_UNSENT, {"most": most}).all()
        for task in tasks:
            queue.send(task.video_id)
            connection.execute(_SENT, {"id": task.id})
    return len(tasks)
