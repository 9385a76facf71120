"""Carries uploads from the database to the queue: none is lost when the queue cannot be reached."""

from __future__ import annotations

from sqlalchemy import Engine, text

from services.shared.queue import VideoQueue

_UNSENT = text(
    """
    SELECT t.id, t.video_id, t.request_id, v.user_id FROM task_results t JOIN videos v ON v.id = t.video_id
    WHERE t.status = 'pending' AND t.sent_at IS NULL ORDER BY t.id LIMIT :most FOR UPDATE OF t SKIP LOCKED
    """
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
            queue.send(task.video_id, user_id=task.user_id, request_id=task.request_id)
            connection.execute(_SENT, {"id": task.id})
    return len(tasks)
