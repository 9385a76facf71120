"""Moderation: hide videos, quarantine votes, disable accounts. Every action is reversible and logged with its reason.

Each action is logged in the statement that performs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, CursorResult, TextClause, text


@dataclass(frozen=True, kw_only=True)
class ModerationAction:
    """Author and reason of an action.

    Args:
        moderator_id: Id of the moderator's account.
        reason: Reason in the moderator's words, for the log.
    """

    moderator_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ModerationLogEntry:
    """Entry of the moderation log.

    Args:
        id: Id; later entries have larger ones.
        happened_at: Time of the action.
        moderator: Name of the moderator.
        action: Name of the action.
        video_id: Id of the video, if the action concerns one.
        title: Title of the video. None if it was deleted.
        user_id: Id of the account, or of the video's owner.
        player: Name of that person.
        network: Network whose votes were quarantined or restored.
        votes: Number of those votes.
        reason: Reason in the moderator's words.
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
    """Votes for one video from one network.

    Args:
        video_id: Id of the video.
        title: Title of the video.
        player: Name of the video's owner.
        network: Network of the votes. None if it was not recorded.
        votes: Number of votes that count.
        quarantined: Number of quarantined votes.
        young: Number of votes, quarantined or not, from accounts less than an hour old.
        first: Time of the first vote.
        last: Time of the last vote.
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
_RESTORE = text(
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
_LOG_PERIOD = text(f"{_LOG}) VALUES (:moderator_id, 'set voting period', :reason)")
_VOTE_BURSTS = text(
    """
    WITH burst AS (
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
    SELECT burst.video_id, v.title, p.first_name || ' ' || p.last_name AS player, text(burst.network) AS network,
           burst.votes, burst.quarantined, burst.young, burst.first, burst.last
    FROM burst JOIN videos v ON v.id = burst.video_id JOIN users p ON p.id = v.user_id
    ORDER BY burst.young DESC, burst.votes + burst.quarantined DESC, burst.video_id, burst.network
    """
)
_READ_LOG = text(
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
_SET_MODERATOR = text(
    "UPDATE users SET is_moderator = :moderator, updated_at = now() WHERE lower(email) = lower(:email) RETURNING id"
)


def hide_video(connection: Connection, action: ModerationAction, video_id: UUID) -> bool:
    """Remove a video from all lists and from the voting; its votes are kept. False if it is missing or hidden."""
    return _changed(connection, _HIDE, action, id=video_id)


def show_video(connection: Connection, action: ModerationAction, video_id: UUID) -> bool:
    """Show a hidden video again. False if it is missing or not hidden."""
    return _changed(connection, _SHOW, action, id=video_id)


def quarantine_votes(connection: Connection, action: ModerationAction, video_id: UUID, network: str | None) -> int:
    """Exclude the votes of a network for a video from all counts until they are restored.

    Args:
        network: Network such as ``192.0.2.0/24``. None for the votes without a recorded network.

    Returns:
        Number of votes that were quarantined.
    """
    return int(_execute(connection, _QUARANTINE, action, id=video_id, network=network).scalar_one())


def restore_votes(connection: Connection, action: ModerationAction, video_id: UUID, network: str | None) -> int:
    """Count the quarantined votes of a network for a video again; return their number."""
    return int(_execute(connection, _RESTORE, action, id=video_id, network=network).scalar_one())


def close_account(connection: Connection, action: ModerationAction, user_id: int) -> bool:
    """Disable an account. False if it is missing, disabled or a moderator's."""
    return _changed(connection, _DISABLE, action, id=user_id)


def open_account(connection: Connection, action: ModerationAction, user_id: int) -> bool:
    """Enable a disabled account again. False if it is missing or not disabled."""
    return _changed(connection, _ENABLE, action, id=user_id)


def log_voting_period(connection: Connection, action: ModerationAction) -> None:
    """Log that the voting period was set. Call it in the transaction that sets it."""
    _execute(connection, _LOG_PERIOD, action)


def find_vote_bursts(
    connection: Connection, *, video_id: UUID | None = None, least: int = 5, days: int = 7, most: int = 50
) -> list[VoteBurst]:
    """List the bursts of votes for one video from one network, those with the most young accounts first.

    Args:
        video_id: Video to limit the list to; this includes votes without a recorded network. Default: all videos.
        least: Minimum number of votes of a burst.
        days: Age of the oldest votes to include, in days.
        most: Maximum number of bursts.
    """
    rows = connection.execute(_VOTE_BURSTS, {"id": video_id, "least": least, "days": days, "most": most})
    return [VoteBurst(**row._mapping) for row in rows]


def read_log(
    connection: Connection, *, video_id: UUID | None = None, before: int | None = None, most: int = 100
) -> list[ModerationLogEntry]:
    """List the entries of the moderation log, latest first.

    Args:
        video_id: Video to limit the list to. Default: all entries.
        before: Id of the last entry of the page before. Default: the first page.
        most: Maximum number of entries.
    """
    rows = connection.execute(_READ_LOG, {"id": video_id, "before": before, "most": most})
    return [ModerationLogEntry(**row._mapping) for row in rows]


def is_moderator(connection: Connection, user_id: int) -> bool:
    """Return whether an account may moderate."""
    return bool(connection.execute(_IS_MODERATOR, {"id": user_id}).scalar_one_or_none())


def set_moderator(connection: Connection, email: str, *, moderator: bool) -> bool:
    """Grant or revoke the right to moderate. False if the address has no account."""
    return connection.execute(_SET_MODERATOR, {"email": email, "moderator": moderator}).scalar_one_or_none() is not None


def _execute(
    connection: Connection, statement: TextClause, action: ModerationAction, **parameters: object
) -> CursorResult[Any]:
    values = {"moderator_id": action.moderator_id, "reason": action.reason, **parameters}
    return connection.execute(statement, values)


def _changed(connection: Connection, statement: TextClause, action: ModerationAction, **parameters: object) -> bool:
    return bool(_execute(connection, statement, action, **parameters).rowcount)
