"""Makes the database agree with the bucket after a start, so that no page shows a video that cannot be played.

The database outlives a crash, the embedded bucket and queue do not. A video that lost its result is
made again from the player's file; a video that lost both is removed.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from uuid import UUID

import psycopg

_REMOVE = """
    WITH gone AS (DELETE FROM videos WHERE id = ANY(%s) RETURNING id)
    DELETE FROM vote_deltas WHERE video_id IN (SELECT id FROM gone)
"""
_STORED = "SELECT id, status, original_url, processed_url, poster_url, preview_url FROM videos"
_PROCESS_AGAIN = """
    UPDATE videos SET status = 'uploaded', processed_url = NULL, poster_url = NULL, preview_url = NULL,
                      processed_at = NULL, progress = 0, lease_until = NULL
    WHERE id = ANY(%s)
"""
# A pending task that was not sent is sent by the outbox's relay.
_SEND_AGAIN = "UPDATE task_results SET status = 'pending', sent_at = NULL, completed_at = NULL WHERE video_id = ANY(%s)"


@dataclass(frozen=True)
class Reconciled:
    """What was done."""

    removed: int
    sent_again: int


def reconcile(database_url: str, keys: Set[str]) -> Reconciled:
    """Remove what cannot be played or made again, and send what has yet to be made.

    Args:
        database_url: libpq URL of the services' database.
        keys: the keys of the bucket.
    """
    with psycopg.connect(database_url) as connection:
        videos = connection.execute(_STORED).fetchall()
        removed: list[UUID] = []
        again: list[UUID] = []
        for video, status, original, processed, *others in videos:
            playable = status == "processed" and processed in keys and all(key in keys for key in others if key)
            if playable or status == "failed":
                continue
            (again if original in keys else removed).append(video)
        connection.execute(_REMOVE, [removed])
        connection.execute(_PROCESS_AGAIN, [again])
        connection.execute(_SEND_AGAIN, [again])
    return Reconciled(removed=len(removed), sent_again=len(again))
