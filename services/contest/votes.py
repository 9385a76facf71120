"""Votes: one statement checks and inserts, another retracts. Voters of the same video never wait for each other.

A vote inserts a row into ``votes`` and a delta into ``vote_deltas``. The vote counts
(``services.contest.vote_counts``) are computed from the deltas.
"""

from __future__ import annotations

from enum import Enum
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from services.contest.voting_period import IS_OPEN


class VoteResult(Enum):
    """Result of casting a vote."""

    COUNTED = "counted"
    ALREADY_VOTED = "already voted"
    OWN_VIDEO = "own video"
    NOT_AVAILABLE = "not available"
    CLOSED = "voting is closed"


class Retraction(Enum):
    """Result of retracting a vote."""

    RETRACTED = "retracted"
    NOT_VOTED = "not voted"
    CLOSED = "voting is closed"


CAST = text(
    f"""
    WITH video AS (
        SELECT id, user_id, is_open AS open FROM videos WHERE id = :video_id
        UNION ALL
        SELECT video_id, user_id, false FROM deleted_videos WHERE video_id = :video_id
    ), period AS (
        SELECT {IS_OPEN} AS open
    ), vote AS (
        INSERT INTO votes (video_id, user_id, network)
        SELECT id, :user_id, CAST(:network AS cidr) FROM video, period
        WHERE video.open AND user_id <> :user_id AND period.open
        ON CONFLICT DO NOTHING
        RETURNING video_id
    ), delta AS (
        INSERT INTO vote_deltas (video_id, delta) SELECT video_id, 1 FROM vote
    )
    SELECT coalesce(bool_or(user_id = :user_id), false) AS own,
           coalesce(bool_or(video.open), false) AS open,
           (SELECT open FROM period) AS taken,
           EXISTS (SELECT 1 FROM vote) AS counted
    FROM video
    """
)
"""SQL: casts a person's vote for a video and returns the conditions that decided about it."""

_RETRACT = text(
    f"""
    WITH period AS (
        SELECT {IS_OPEN} AS open
    ), vote AS (
        DELETE FROM votes USING period
        WHERE video_id = :video_id AND user_id = :user_id AND period.open
        RETURNING video_id, quarantined_at
    ), delta AS (
        INSERT INTO vote_deltas (video_id, delta) SELECT video_id, -1 FROM vote WHERE quarantined_at IS NULL
    )
    SELECT open AS taken, EXISTS (SELECT 1 FROM vote) AS retracted FROM period
    """
)
_VOTED = text("SELECT video_id FROM votes WHERE user_id = :user_id ORDER BY created_at DESC, video_id")
_VOTED_OF = text("SELECT video_id FROM votes WHERE user_id = :user_id AND video_id = ANY(:video_ids)")


def cast_vote(connection: Connection, video_id: UUID, user_id: int, *, network: str | None = None) -> VoteResult:
    """Vote for a video, at most once per person.

    Args:
        connection: Connection in AUTOCOMMIT; a vote for a video that is being deleted fails its transaction.
        network: Network of the voter, such as ``192.0.2.0/24``. None if unknown.

    Returns:
        ``OWN_VIDEO`` for the voter's own video in any state, even deleted; ``NOT_AVAILABLE`` if another person's
        video is missing, private, hidden or not processed; ``CLOSED`` outside the voting period.
    """
    try:
        row = connection.execute(CAST, {"video_id": video_id, "user_id": user_id, "network": network}).one()
    except IntegrityError as error:
        # The video was deleted between the statement's snapshot and its insert.
        if isinstance(error.orig, ForeignKeyViolation):
            return VoteResult.NOT_AVAILABLE
        raise
    if row.counted:
        return VoteResult.COUNTED
    if row.own:
        return VoteResult.OWN_VIDEO
    if not row.open:
        return VoteResult.NOT_AVAILABLE
    return VoteResult.ALREADY_VOTED if row.taken else VoteResult.CLOSED


def retract_vote(connection: Connection, video_id: UUID, user_id: int) -> Retraction:
    """Retract a vote while the voting is open. The person may vote for the video again."""
    row = connection.execute(_RETRACT, {"video_id": video_id, "user_id": user_id}).one()
    if row.retracted:
        return Retraction.RETRACTED
    return Retraction.NOT_VOTED if row.taken else Retraction.CLOSED


def voted_videos(connection: Connection, user_id: int) -> list[UUID]:
    """List the videos that a person voted for, latest vote first."""
    return list(connection.execute(_VOTED, {"user_id": user_id}).scalars())


def voted_among(connection: Connection, user_id: int, video_ids: list[UUID]) -> set[UUID]:
    """Return which of these videos a person voted for."""
    return set(connection.execute(_VOTED_OF, {"user_id": user_id, "video_ids": video_ids}).scalars())
