"""Sessions of the portal in the browser; a revoked one is refused at once, on every instance.

A session ends when it was not used for a while, when it is as old as a session gets, when it is revoked, and when
its account is disabled.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class SessionLifetime:
    """How long a session lives.

    Args:
        idle: it ends when it was not used for so long.
        longest: it ends after so long however much it is used.
    """

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True)
class Session:
    """A place where somebody is signed in.

    Args:
        address: IP address it was opened from.
        agent: what the browser calls itself.
        is_this: whether it is the one that asks.
    """

    id: int
    address: str | None
    agent: str
    created_at: datetime
    last_accessed_at: datetime
    is_this: bool


# The lock lets a change of the password wait, or this wait for the change, after which the generation is another.
_OPEN = text(
    "INSERT INTO user_sessions (user_id, session_token, expires_at, ip_address, user_agent) "
    "SELECT id, :token, now() + :idle, CAST(:address AS inet), :agent FROM users "
    "WHERE id = :user_id AND token_generation = :generation FOR SHARE"
)
_FIND = text(
    "SELECT user_sessions.last_accessed_at < now() - :unnoticed AS is_stale "
    "FROM user_sessions JOIN users ON users.id = user_sessions.user_id "
    "WHERE session_token = :token AND expires_at > now() AND user_sessions.created_at > now() - :longest "
    "AND users.disabled_at IS NULL"
)
_KEEP = text(
    "UPDATE user_sessions SET last_accessed_at = now(), expires_at = least(now() + :idle, created_at + :longest) "
    "WHERE session_token = :token AND expires_at > now()"
)
_OF_USER = text(
    "SELECT id, host(ip_address) AS address, coalesce(user_agent, '') AS agent, created_at, last_accessed_at, "
    "session_token = :token AS is_this FROM user_sessions WHERE user_id = :user_id AND expires_at > now() "
    "ORDER BY is_this DESC, last_accessed_at DESC, id"
)
_CLOSE = text("DELETE FROM user_sessions WHERE session_token = :token")
_CLOSE_ONE = text("DELETE FROM user_sessions WHERE user_id = :user_id AND id = :id")
_CLOSE_OTHERS = text("DELETE FROM user_sessions WHERE user_id = :user_id AND session_token <> :token")
_CLEAR = text("DELETE FROM user_sessions WHERE expires_at <= now()")


def open_session(
    connection: Connection,
    user_id: int,
    token_id: str,
    *,
    generation: int,
    lifetime: SessionLifetime,
    address: str | None,
    agent: str | None,
) -> bool:
    """Remember a session; returns whether the account's password is still the one that was shown.

    Args:
        token_id: the id of the token in the browser's cookie; only its hash is stored.
        generation: the account's, read with the hash that the password was compared with.
        lifetime: how long it lives.
        address: IP address it was opened from.
        agent: what the browser calls itself.
    """
    opened = connection.execute(
        _OPEN,
        {
            "user_id": user_id,
            "generation": generation,
            "token": _digest(token_id),
            "idle": min(lifetime.idle, lifetime.longest),
            "address": address,
            "agent": (agent or "")[:500],
        },
    )
    return opened.rowcount == 1


def keep_session_open(connection: Connection, token_id: str, lifetime: SessionLifetime) -> bool:
    """Whether a session is open; if so, it is used now. A row is written once a minute at most."""
    values = {"token": _digest(token_id), "longest": lifetime.longest}
    unnoticed = min(timedelta(minutes=1), lifetime.idle / 10)
    found = connection.execute(_FIND, {**values, "unnoticed": unnoticed}).one_or_none()
    if found is not None and found.is_stale:
        connection.execute(_KEEP, {**values, "idle": lifetime.idle})
    return found is not None


def find_sessions(connection: Connection, user_id: int, *, token_id: str) -> list[Session]:
    """Where somebody is signed in: this session first, then the one used last.

    Args:
        token_id: of the session that asks.
    """
    rows = connection.execute(_OF_USER, {"user_id": user_id, "token": _digest(token_id)})
    return [Session(**row._mapping) for row in rows]


def close_session(connection: Connection, token_id: str) -> None:
    """Revoke a session."""
    connection.execute(_CLOSE, {"token": _digest(token_id)})


def close_user_session(connection: Connection, user_id: int, session_id: int) -> bool:
    """Revoke one of somebody's sessions; returns whether there was such a one."""
    return connection.execute(_CLOSE_ONE, {"user_id": user_id, "id": session_id}).rowcount == 1


def close_other_sessions(connection: Connection, user_id: int, *, token_id: str) -> int:
    """Revoke somebody's sessions except the one that asks; returns how many there were.

    Args:
        token_id: of the session that asks; a bearer token's id spares none.
    """
    return connection.execute(_CLOSE_OTHERS, {"user_id": user_id, "token": _digest(token_id)}).rowcount


def clear_sessions(connection: Connection) -> None:
    """Forget the sessions that are past their time."""
    connection.execute(_CLEAR)


def _digest(token_id: str) -> str:
    return hashlib.sha256(token_id.encode()).hexdigest()
