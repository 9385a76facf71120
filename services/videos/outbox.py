"""Transactional outbox: sends uploads from the database to the queue, so none is lost if the queue is unreachable."""

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
    """Send the videos that were not sent yet; return how many were sent.

    Several processes may call this at once. A crash between sending and committing sends a video twice, which is
    harmless because workers claim videos.

    Args:
        engine: Database engine.
        queue: Queue of the workers.
        most: Maximum number of videos to send in one transaction.
    """
    with engine.begin() as connection:
        tasks = connection.execute(_UNSENT, {"most": most}).all()
        for task in tasks:
            queue.send(task.video_id, user_id=task.user_id, request_id=task.request_id)
            connection.execute(_SENT, {"id": task.id})
    return len(tasks)
