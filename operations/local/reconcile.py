"""Reconcile the database with the bucket after a start, so that no page shows an unplayable video.

The database survives a crash; the embedded bucket and queue do not. A video without its result is processed again
from the player's file; a video without both is removed.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from uuid import UUID

import psycopg

_REMOVE = """
    WITH removed AS (DELETE FROM videos WHERE id = ANY(%s) RETURNING id)
    DELETE FROM vote_deltas WHERE video_id IN (SELECT id FROM removed)
"""
_STORED = "SELECT id, status, original_url, processed_url, poster_url, preview_url FROM videos"
_PROCESS_AGAIN = """
    UPDATE videos SET status = 'uploaded', processed_url = NULL, poster_url = NULL, preview_url = NULL,
                      processed_at = NULL, progress = 0, lease_until = NULL
    WHERE id = ANY(%s)
"""
# The outbox relay sends pending tasks that were not sent.
_SEND_AGAIN = "UPDATE task_results SET status = 'pending', sent_at = NULL, completed_at = NULL WHERE video_id = ANY(%s)"


@dataclass(frozen=True)
class Reconciled:
    """Number of videos that were removed and requeued."""

    removed: int
    requeued: int


def reconcile(database_url: str, keys: Set[str]) -> Reconciled:
    """Remove videos that can be neither played nor processed again, and requeue the others that are not processed.

    Args:
        database_url: libpq URL of the services' database.
        keys: Keys of the bucket.
    """
    with psycopg.connect(database_url) as connection:
        videos = connection.execute(_STORED).fetchall()
        removed: list[UUID] = []
        requeued: list[UUID] = []
        for video, status, original, processed, *others in videos:
            playable = status == "processed" and processed in keys and all(key in keys for key in others if key)
            if playable or status == "failed":
                continue
            (requeued if original in keys else removed).append(video)
        connection.execute(_REMOVE, [removed])
        connection.execute(_PROCESS_AGAIN, [requeued])
        connection.execute(_SEND_AGAIN, [requeued])
    return Reconciled(removed=len(removed), requeued=len(requeued))
