"""The backlog in the database: uploads that wait for the queue, votes that wait to be rolled up."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

_BACKLOG = text(
    """
    SELECT count(*) AS uploads,
           coalesce(extract(epoch FROM now() - min(coalesce(swept_at, created_at))), 0)::float AS oldest_seconds,
           (SELECT count(*) FROM vote_deltas) AS vote_deltas,
           (SELECT count(*) FROM videos WHERE status IN ('uploaded', 'processing')) AS videos,
           coalesce((SELECT extract(epoch FROM now() - min(uploaded_at)) FROM videos
                     WHERE status IN ('uploaded', 'processing')), 0)::float AS oldest_video_seconds
    FROM task_results WHERE sent_at IS NULL AND status = 'pending'
    """
)
_BY_STATE = text(
    """
    WITH unfinished AS (
        SELECT CASE WHEN t.status = 'pending' AND t.sent_at IS NULL THEN 'in the outbox'
                    WHEN v.lease_until > now() THEN 'worked on'
                    WHEN v.attempt > 0 THEN 'waiting for another try'
                    ELSE 'waiting' END AS state, v.uploaded_at
        FROM videos v JOIN task_results t ON t.video_id = v.id WHERE v.status IN ('uploaded', 'processing')
    ), states AS (
        SELECT state, uploaded_at FROM unfinished
        UNION ALL SELECT CASE failure_reason WHEN 'given_up' THEN 'given up' ELSE 'failed' END, uploaded_at
                  FROM videos WHERE status = 'failed'
        UNION ALL SELECT 'processed', uploaded_at FROM videos WHERE status = 'processed'
    )
    SELECT known.state, count(states.state) AS videos,
           coalesce(extract(epoch FROM now() - min(states.uploaded_at)), 0)::float AS oldest_seconds
    FROM unnest(ARRAY['in the outbox', 'waiting', 'worked on', 'waiting for another try', 'processed', 'failed',
                      'given up']) WITH ORDINALITY AS known (state, place)
    LEFT JOIN states USING (state) GROUP BY known.state, known.place ORDER BY known.place
    """
)


@dataclass(frozen=True)
class VideosByState:
    """Number of videos in a state.

    Args:
        state: Name of the state.
        videos: Number of videos.
        oldest_seconds: Age of the oldest of them, in seconds.
    """

    state: str
    videos: int
    oldest_seconds: float


@dataclass(frozen=True)
class Backlog:
    """Backlog of the services.

    Args:
        uploads: Number of received videos that were not yet sent to the workers.
        oldest_seconds: Waiting time of the oldest of them, in seconds.
        vote_deltas: Number of votes that are not rolled up yet. The vote counts include them.
        videos: Number of videos that are neither processed nor failed.
        oldest_video_seconds: Age of the oldest of them, in seconds.
    """

    uploads: int
    oldest_seconds: float
    vote_deltas: int
    videos: int
    oldest_video_seconds: float


def read_backlog(connection: Connection) -> Backlog:
    """Read the current backlog."""
    return Backlog(**connection.execute(_BACKLOG).one()._mapping)


def videos_by_state(connection: Connection) -> list[VideosByState]:
    """Count the videos in each state, in the order of processing. Scans all videos."""
    return [VideosByState(**row._mapping) for row in connection.execute(_BY_STATE)]
