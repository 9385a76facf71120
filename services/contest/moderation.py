"""What moderators do: hide videos, set votes aside, close accounts; each reversible, each with its reason in the log.

Every verb changes and logs in one statement: there is no action without its entry, and no entry without its action.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, CursorResult, TextClause, text


@dataclass(frozen=True, kw_only=True)
class ModerationAction:
    """Who does something, and why.

    Args:
        moderator_id: the account of who does it.
        reason: in the moderator's words, for whoever reads the log.
    """

    moderator_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ModerationLogEntry:
    """One line of the log.

    Args:
        id: grows with the time.
        happened_at: when.
        moderator: who did it.
        action: what was done.
        video_id: to which video.
        title: of the video; None where it is no longer there.
        user_id: to whom, or whose the video is.
        player: that person's name.
        network: whose votes were moved.
        votes: how many were moved.
        reason: in the moderator's words.
    """

    id: int
    happened_at: datetime
    moderator: str
    action: str
    video_id: UUID | None
    title: str | None
    user_id: int | None
    player: str | None
    network: str | None
    votes: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class VoteBurst:
    """Votes for one video that came from one network.

    Args:
        video_id: of the video.
        title: of the video.
        player: whose it is.
        network: they came from; None where it was not noted.
        votes: that count.
        quarantined: that were set aside.
        young: of all, those whose account was less than an hour old.
        first: of them.
        last: of them.
    """

    video_id: UUID
    title: str
    player: str
    network: str | None
    votes: int
    quarantined: int
    young: int
    first: datetime
    last: datetime


_LOG = "INSERT INTO moderation_log (moderator_id, action, reason"
_HIDE = text(
    f"""
    WITH done AS (UPDATE videos SET hidden_at = now(), updated_at = now() WHERE id = :id AND hidden_at IS NULL
                  RETURNING id, user_id)
    {_LOG}, video_id, user_id) SELECT :moderator_id, 'hide video', :reason, id, user_id FROM done
    """
)
_SHOW = text(
    f"""
    WITH done AS (UPDATE videos SET hidden_at = NULL, updated_at = now() WHERE id = :id AND hidden_at IS NOT NULL
                  RETURNING id, user_id)
    {_LOG}, video_id, user_id) SELECT :moderator_id, 'show video', :reason, id, user_id FROM done
    """
)
_QUARANTINE = text(
    f"""
    WITH done AS (UPDATE votes SET quarantined_at = now()
                  WHERE video_id = :id AND network IS NOT DISTINCT FROM CAST(:network AS cidr)
                        AND quarantined_at IS NULL RETURNING video_id),
         delta AS (INSERT INTO vote_deltas (video_id, delta) SELECT video_id, -1 FROM done),
         log AS ({_LOG}, video_id, network, votes)
                 SELECT :moderator_id, 'set votes aside', :reason, :id, CAST(:network AS cidr), count(*) FROM done
                 HAVING count(*) > 0)
    SELECT count(*) FROM done
    """
)
_GIVE_BACK = text(
    f"""
    WITH done AS (UPDATE votes SET quarantined_at = NULL
                  WHERE video_id = :id AND network IS NOT DISTINCT FROM CAST(:network AS cidr)
                        AND quarantined_at IS NOT NULL RETURNING video_id),
         delta AS (INSERT INTO vote_deltas (video_id, delta) SELECT video_id, 1 FROM done),
         log AS ({_LOG}, video_id, network, votes)
                 SELECT :moderator_id, 'give votes back', :reason, :id, CAST(:network AS cidr), count(*) FROM done
                 HAVING count(*) > 0)
    SELECT count(*) FROM done
    """
)
_DISABLE = text(
    f"""
    WITH done AS (UPDATE users SET disabled_at = now(), updated_at = now()
                  WHERE id = :id AND disabled_at IS NULL AND NOT is_moderator RETURNING id)
    {_LOG}, user_id) SELECT :moderator_id, 'close account', :reason, id FROM done
    """
)
_ENABLE = text(
    f"""
    WITH done AS (UPDATE users SET disabled_at = NULL, updated_at = now()
                  WHERE id = :id AND disabled_at IS NOT NULL RETURNING id)
    {_LOG}, user_id) SELECT :moderator_id, 'open account', :reason, id FROM done
    """
)
_NOTE_PERIOD = text(f"{_LOG}) VALUES (:moderator_id, 'set voting period', :reason)")
_BULKS = text(
    """
    WITH bulk AS (
        SELECT t.video_id, t.network, count(*) FILTER (WHERE t.quarantined_at IS NULL) AS votes,
               count(t.quarantined_at) AS quarantined,
               count(*) FILTER (WHERE u.created_at > t.created_at - interval '1 hour') AS young,
               min(t.created_at) AS first, max(t.created_at) AS last
        FROM votes t JOIN users u ON u.id = t.user_id
        WHERE t.created_at > now() - make_interval(days => :days)
              AND CASE WHEN CAST(:id AS uuid) IS NULL THEN t.network IS NOT NULL ELSE t.video_id = :id END
        GROUP BY t.video_id, t.network HAVING count(*) >= :least
        ORDER BY young DESC, count(*) DESC, t.video_id, t.network LIMIT :most
    )
    SELECT bulk.video_id, v.title, p.first_name || ' ' || p.last_name AS player, text(bulk.network) AS network,
           bulk.votes, bulk.quarantined, bulk.young, bulk.first, bulk.last
    FROM bulk JOIN videos v ON v.id = bulk.video_id JOIN users p ON p.id = v.user_id
    ORDER BY bulk.young DESC, bulk.votes + bulk.quarantined DESC, bulk.video_id, bulk.network
    """
)
_ENTRIES = text(
    """
    SELECT l.id, l.happened_at, u.first_name || ' ' || u.last_name AS moderator, l.action, l.video_id, v.title,
           l.user_id, p.first_name || ' ' || p.last_name AS player, text(l.network) AS network, l.votes, l.reason
    FROM moderation_log l JOIN users u ON u.id = l.moderator_id
         LEFT JOIN videos v ON v.id = l.video_id LEFT JOIN users p ON p.id = l.user_id
    WHERE (CAST(:id AS uuid) IS NULL OR l.video_id = :id) AND (CAST(:before AS bigint) IS NULL OR l.id < :before)
    ORDER BY l.id DESC LIMIT :most
    """
)
_IS_MODERATOR = text("SELECT is_moderator AND disabled_at IS NULL FROM users WHERE id = :id")
_APPOINT = text(
    "UPDATE users SET is_moderator = :moderator, updated_at = now() WHERE lower(email) = lower(:email) RETURNING id"
)


def hide_video(connection: Connection, action: ModerationAction, video_id: UUID) -> bool:
    """Take a video out of every list and out of the voting; its votes stay. False where it is hidden or not there."""
    return _done(connection, _HIDE, action, id=video_id)


def show_video(connection: Connection, action: ModerationAction, video_id: UUID) -> bool:
    """Take a hidden video back into the lists; False where it is not hidden or not there."""
    return _done(connection, _SHOW, action, id=video_id)


def quarantine_votes(connection: Connection, action: ModerationAction, video_id: UUID, network: str | None) -> int:
    """Set aside the votes of a network for a video: they count nowhere until they are given back.

    Args:
        network: as ``192.0.2.0/24``; None for the votes of which none was noted.

    Returns:
        How many were set aside.
    """
    return int(_execute(connection, _QUARANTINE, action, id=video_id, network=network).scalar_one())


def restore_votes(connection: Connection, action: ModerationAction, video_id: UUID, network: str | None) -> int:
    """Let the votes of a network that were set aside count again; returns how many."""
    return int(_execute(connection, _GIVE_BACK, action, id=video_id, network=network).scalar_one())


def close_account(connection: Connection, action: ModerationAction, user_id: int) -> bool:
    """Let nobody use an account any more; False where it is closed, a moderator's, or not there."""
    return _done(connection, _DISABLE, action, id=user_id)


def open_account(connection: Connection, action: ModerationAction, user_id: int) -> bool:
    """Let an account be used again; False where it is not closed or not there."""
    return _done(connection, _ENABLE, action, id=user_id)


def note_period(connection: Connection, action: ModerationAction) -> None:
    """Log that the voting period was set; in the transaction that sets it."""
    _execute(connection, _NOTE_PERIOD, action)


def find_vote_bursts(
    connection: Connection, *, video_id: UUID | None = None, least: int = 5, days: int = 7, most: int = 50
) -> list[VoteBurst]:
    """Votes that came in bulk, those by the youngest accounts first.

    Args:
        video_id: only votes for it, also those of which no network was noted; None for all videos.
        least: votes that make a bulk.
        days: how far to look back.
        most: how many bulks to return.
    """
    rows = connection.execute(_BULKS, {"id": video_id, "least": least, "days": days, "most": most})
    return [VoteBurst(**row._mapping) for row in rows]


def read_log(
    connection: Connection, *, video_id: UUID | None = None, before: int | None = None, most: int = 100
) -> list[ModerationLogEntry]:
    """The log, the latest first.

    Args:
        video_id: only what was done to it; None for all.
        before: begin behind the line with this id; None for the latest.
        most: lines at the most.
    """
    rows = connection.execute(_ENTRIES, {"id": video_id, "before": before, "most": most})
    return [ModerationLogEntry(**row._mapping) for row in rows]


def is_moderator(connection: Connection, user_id: int) -> bool:
    """Whether a person may moderate."""
    return bool(connection.execute(_IS_MODERATOR, {"id": user_id}).scalar_one_or_none())


def set_moderator(connection: Connection, email: str, *, moderator: bool) -> bool:
    """Let a person moderate, or no longer; False where the address has no account."""
    return connection.execute(_APPOINT, {"email": email, "moderator": moderator}).scalar_one_or_none() is not None


def _execute(
    connection: Connection, statement: TextClause, action: ModerationAction, **parameters: object
) -> CursorResult[Any]:
    values = {"moderator_id": action.moderator_id, "reason": action.reason, **parameters}
    return connection.execute(statement, values)


def _done(connection: Connection, statement: TextClause, action: ModerationAction, **parameters: object) -> bool:
    return bool(_execute(connection, statement, action, **parameters).rowcount)
