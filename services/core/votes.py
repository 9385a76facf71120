"""Votes: one statement decides and inserts; the tally is exact at every moment.

A vote inserts a row into ``votes`` and a delta into ``vote_deltas``, in one statement. The deltas
are rolled into ``videos.votes_count`` in the background; the tally of a video is its rolled count
plus its pending deltas, read in one statement.
"""

from __future__ import annotations

from enum import Enum
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError


class VoteResult(Enum):
    """What became of a vote."""

    COUNTED = "counted"
    ALREADY_VOTED = "already voted"
    OWN_VIDEO = "own video"
    NOT_AVAILABLE = "not available"


_CAST = text(
    """
    WITH video AS (
        SELECT id, user_id, is_public AND status = 'processed' AS open FROM videos WHERE id = :video_id
        UNION ALL
        SELECT video_id, user_id, false FROM deleted_videos WHERE video_id = :video_id
    ), vote AS (
        INSERT INTO votes (video_id, user_id)
        SELECT id, :user_id FROM video WHERE open AND user_id <> :user_id
        ON CONFLICT DO NOTHING
        RETURNING video_id
    ), delta AS (
        INSERT INTO vote_deltas (video_id, delta) SELECT video_id, 1 FROM vote
    )
    SELECT coalesce(bool_or(user_id = :user_id), false) AS own,
           coalesce(bool_or(open), false) AS open,
           EXISTS (SELECT 1 FROM vote) AS counted
    FROM video
    """
)
_VOTED = text("SELECT video_id FROM votes WHERE user_id = :user_id ORDER BY created_at DESC, video_id")
# Rows are updated in the order of their ids, so that two rollers never wait for each other in a circle.
_ROLL = text(
    """
    WITH taken AS (
        DELETE FROM vote_deltas WHERE id IN (
            SELECT id FROM vote_deltas ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
        ) RETURNING video_id, delta
    ), sums AS (
        SELECT video_id, sum(delta) AS votes, count(*) AS deltas FROM taken GROUP BY video_id
    ), locked AS (
        SELECT videos.id FROM videos JOIN sums ON sums.video_id = videos.id
        ORDER BY videos.id FOR NO KEY UPDATE OF videos
    ), rolled AS (
        UPDATE videos SET votes_count = videos.votes_count + sums.votes
        FROM sums JOIN locked ON locked.id = sums.video_id WHERE videos.id = locked.id
    )
    SELECT coalesce(sum(deltas), 0) FROM sums
    """
)


def cast_vote(connection: Connection, video_id: UUID, user_id: int) -> VoteResult:
    """Vote for a video, at most once for each person.

    Args:
        connection: in AUTOCOMMIT: a vote that meets its video's deletion fails the transaction it is in.

    Returns:
        ``OWN_VIDEO`` for the player's own video in any state, deleted included; ``NOT_AVAILABLE``
        where a stranger's video is missing, private or not processed.
    """
    try:
        row = connection.execute(_CAST, {"video_id": video_id, "user_id": user_id}).one()
    except IntegrityError as error:
        # The statement saw the video, waited for its deletion, and found it gone.
        if isinstance(error.orig, ForeignKeyViolation):
            return VoteResult.NOT_AVAILABLE
        raise
    if row.counted:
        return VoteResult.COUNTED
    if row.own:
        return VoteResult.OWN_VIDEO
    return VoteResult.ALREADY_VOTED if row.open else VoteResult.NOT_AVAILABLE


def voted_videos(connection: Connection, user_id: int) -> list[UUID]:
    """The videos a person voted for, the latest first."""
    return list(connection.execute(_VOTED, {"user_id": user_id}).scalars())


def roll_up(connection: Connection, *, most: int = 5000) -> int:
    """Move pending deltas into the counts; returns how many were moved. Any number of processes may do it.

    Args:
        most: how many deltas to move in one statement.
    """
    return int(connection.execute(_ROLL, {"most": most}).scalar_one())
