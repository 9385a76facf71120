"""Sessions of the portal in the browser; a revoked one is refused at once, on every instance."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text

_OPEN = text(
    "INSERT INTO user_sessions (user_id, session_token, expires_at, ip_address, user_agent) "
    "VALUES (:user_id, :token, now() + make_interval(secs => :seconds), CAST(:address AS inet), :agent)"
)
_IS_OPEN = text("SELECT EXISTS (SELECT 1 FROM user_sessions WHERE session_token = :token AND expires_at > now())")
_CLOSE = text("DELETE FROM user_sessions WHERE session_token = :token")
_CLEAR = text("DELETE FROM user_sessions WHERE expires_at <= now()")


def open_session(
    connection: Connection, user_id: int, token_id: str, *, seconds: int, address: str | None, agent: str | None
) -> None:
    """Remember a session.

    Args:
        token_id: the id of the token in the browser's cookie; only its hash is stored.
        seconds: lifetime.
        address: IP address it was opened from.
        agent: what the browser calls itself.
    """
    connection.execute(
        _OPEN,
        {
            "user_id": user_id,
            "token": _digest(token_id),
            "seconds": seconds,
            "address": address,
            "agent": (agent or "")[:500],
        },
    )


def is_session_open(connection: Connection, token_id: str) -> bool:
    """Whether a session is neither revoked nor past its time."""
    return bool(connection.execute(_IS_OPEN, {"token": _digest(token_id)}).scalar_one())


def close_session(connection: Connection, token_id: str) -> None:
    """Revoke a session."""
    connection.execute(_CLOSE, {"token": _digest(token_id)})


def clear_sessions(connection: Connection) -> None:
    """Forget the sessions that are past their time."""
    connection.execute(_CLEAR)


def _digest(token_id: str) -> str:
    return hashlib.sha256(token_id.encode()).hexdigest()
