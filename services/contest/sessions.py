"""Browser sessions of the portal. A revoked session is refused at once, on every instance.

A session ends when it was idle too long, when it reaches its maximum age, when it is revoked, and when its account is
disabled.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class SessionLifetime:
    """Lifetime of a session.

    Args:
        idle: Maximum time between two uses.
        longest: Maximum age.
    """

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True)
class Session:
    """Open session of an account.

    Args:
        address: IP address that opened it.
        agent: User agent of the browser.
        is_this: Whether it is the caller's session.
    """

    id: int
    address: str | None
    agent: str
    created_at: datetime
    last_accessed_at: datetime
    is_this: bool


# The lock serializes this with a change of the password, which changes the generation.
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
    """Store a session; return False if the account's password has changed since it was verified.

    Args:
        token_id: Id of the token in the browser's cookie; only its hash is stored.
        generation: Token generation of the account, read together with the password hash.
        lifetime: Lifetime of the session.
        address: IP address that opened it.
        agent: User agent of the browser.
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
    """Return whether a session is open, and extend it if so. A row is written at most once a minute."""
    values = {"token": _digest(token_id), "longest": lifetime.longest}
    unnoticed = min(timedelta(minutes=1), lifetime.idle / 10)
    found = connection.execute(_FIND, {**values, "unnoticed": unnoticed}).one_or_none()
    if found is not None and found.is_stale:
        connection.execute(_KEEP, {**values, "idle": lifetime.idle})
    return found is not None


def find_sessions(connection: Connection, user_id: int, *, token_id: str) -> list[Session]:
    """List the open sessions of an account: the caller's first, then by last use.

    Args:
        token_id: Token id of the caller's session.
    """
    rows = connection.execute(_OF_USER, {"user_id": user_id, "token": _digest(token_id)})
    return [Session(**row._mapping) for row in rows]


def close_session(connection: Connection, token_id: str) -> None:
    """Revoke a session."""
    connection.execute(_CLOSE, {"token": _digest(token_id)})


def close_user_session(connection: Connection, user_id: int, session_id: int) -> bool:
    """Revoke one session of an account; return False if it has no such session."""
    return connection.execute(_CLOSE_ONE, {"user_id": user_id, "id": session_id}).rowcount == 1


def close_other_sessions(connection: Connection, user_id: int, *, token_id: str) -> int:
    """Revoke all sessions of an account except the caller's; return how many there were.

    Args:
        token_id: Token id of the caller's session. With the id of a bearer token, all sessions are revoked.
    """
    return connection.execute(_CLOSE_OTHERS, {"user_id": user_id, "token": _digest(token_id)}).rowcount


def clear_sessions(connection: Connection) -> None:
    """Delete the expired sessions."""
    connection.execute(_CLEAR)


def _digest(token_id: str) -> str:
    return hashlib.sha256(token_id.encode()).hexdigest()
