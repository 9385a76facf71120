"""Revoked bearer tokens, cached from the database for one second.

Each request with a bearer token is checked, and a vote must not pay a round trip for it: each process reads the
revocations at most once a second, and right after it has revoked something itself. A browser's session is instead
looked up at each request.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from services.contest.revoked_tokens import RevokedTokens, revoked_tokens
from services.portal.database import statements

CACHE_SECONDS = 1.0


class Revocations:
    """This process's cache of revoked tokens.

    Args:
        lifetime: Lifetime of a bearer token.
    """

    def __init__(self, lifetime: timedelta) -> None:
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._cached: RevokedTokens | None = None
        self._read_at = 0.0

    def is_valid(self, user_id: int, generation: int, token_id: str) -> bool:
        """Return whether a token that has not expired is not revoked.

        Raises:
            sqlalchemy.exc.OperationalError: the database does not answer; the request is then refused.
        """
        return self._current().is_valid(user_id, generation, token_id)

    def forget(self) -> None:
        """Clear the cache after a revocation in this process."""
        # Under the lock: a read in progress may not contain the revocation.
        with self._lock:
            self._cached = None

    def _current(self) -> RevokedTokens:
        cached = self._cached
        if cached is not None and time.monotonic() - self._read_at < CACHE_SECONDS:
            return cached
        # One thread reads; the others wait for its result.
        with self._lock:
            if self._cached is None or time.monotonic() - self._read_at >= CACHE_SECONDS:
                read_at = time.monotonic()
                with statements() as connection:
                    cached = revoked_tokens(connection, self._lifetime)
                self._cached, self._read_at = cached, read_at
                return cached
            return self._cached
