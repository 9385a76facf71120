"""What waits in the database: uploads for the queue, votes for their tally."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

_BACKLOG = text(
    """
    SELECT count(*) AS uploads, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float AS oldest_seconds,
           (SELECT count(*) FROM vote_deltas) AS vote_deltas
    FROM task_results WHERE sent_at IS NULL AND status = 'pending'
    """
)


@dataclass(frozen=True)
class Backlog:
    """What waits.

    Args:
        uploads: videos that were received and not yet sent to the workers.
        oldest_seconds: how long the first of them has waited.
        vote_deltas: votes that are not rolled up yet; they count all the same.
    """

    uploads: int
    oldest_seconds: float
    vote_deltas: int


def read_backlog(connection: Connection) -> Backlog:
    """What waits at this moment."""
    return Backlog(**connection.execute(_BACKLOG).one()._mapping)
