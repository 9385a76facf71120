"""Bearer tokens that were revoked before they expired. They are few, so the portal keeps them in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class RevokedTokens:
    """Revoked tokens.

    Args:
        generations: Minimum token generation by account.
        disabled: Disabled accounts; all their tokens are revoked.
        token_ids: Hashes of the ids of tokens that were signed out.
    """

    generations: dict[int, int]
    disabled: frozenset[int]
    token_ids: frozenset[str]

    def is_valid(self, user_id: int, generation: int, token_id: str) -> bool:
        """Return whether a token that has not expired is still valid."""
        return (
            user_id not in self.disabled
            and generation >= self.generations.get(user_id, 0)
            and (not self.token_ids or _digest(token_id) not in self.token_ids)
        )


# Tokens older than their lifetime have expired anyway.
_GENERATIONS = text("SELECT id, token_generation FROM users WHERE tokens_revoked_at > now() - :lifetime")
_DISABLED = text("SELECT id FROM users WHERE disabled_at > now() - :lifetime")
_TOKENS = text("SELECT token_id FROM revoked_tokens WHERE expires_at > now()")
_REVOKE = text(
    "INSERT INTO revoked_tokens (token_id, expires_at) VALUES (:token, now() + :lifetime) ON CONFLICT DO NOTHING"
)
_CLEAR = text("DELETE FROM revoked_tokens WHERE expires_at <= now()")


def revoked_tokens(connection: Connection, lifetime: timedelta) -> RevokedTokens:
    """Read the revoked tokens that have not expired.

    Args:
        lifetime: Lifetime of a token.
    """
    values = {"lifetime": lifetime + timedelta(minutes=1)}
    generations = connection.execute(_GENERATIONS, values)
    return RevokedTokens(
        generations={row.id: row.token_generation for row in generations},
        disabled=frozenset(connection.execute(_DISABLED, values).scalars()),
        token_ids=frozenset(connection.execute(_TOKENS).scalars()),
    )


def revoke_token(connection: Connection, token_id: str, lifetime: timedelta) -> None:
    """Revoke a token.

    Args:
        token_id: Id of the token; only its hash is stored.
        lifetime: Lifetime of a token.
    """
    connection.execute(_REVOKE, {"token": _digest(token_id), "lifetime": lifetime})


def clear_revoked_tokens(connection: Connection) -> None:
    """Delete the revoked tokens that have expired."""
    connection.execute(_CLEAR)


def _digest(token_id: str) -> str:
    return hashlib.sha256(token_id.encode()).hexdigest()
