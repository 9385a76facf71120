"""Which bearer tokens hold no more, as the database said a second ago at most.

Every request with a bearer token is checked, and a vote may not pay a round trip for it: so each process asks once
a second, and right after it has revoked something itself. A browser's session is looked up at each request instead.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from services.contest.revoked_tokens import RevokedTokens, revoked_tokens
from services.portal.database import statements

KEPT_SECONDS = 1.0


class Revocations:
    """What this process knows of revoked tokens.

    Args:
        lifetime: of a bearer token.
    """

    def __init__(self, lifetime: timedelta) -> None:
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._known: RevokedTokens | None = None
        self._asked_at = 0.0

    def hold(self, user_id: int, generation: int, token_id: str) -> bool:
        """Whether a token is_valid that has not expired.

        Raises:
            sqlalchemy.exc.OperationalError: the database does not answer; then nobody is let in.
        """
        return self._fresh().is_valid(user_id, generation, token_id)

    def forget(self) -> None:
        """Ask again at the next request: something was revoked here."""
        # Whoever asks at this moment may have been answered before.
        with self._lock:
            self._known = None

    def _fresh(self) -> RevokedTokens:
        known = self._known
        if known is not None and time.monotonic() - self._asked_at < KEPT_SECONDS:
            return known
        # The others wait for the one who asks; all of them would ask the same.
        with self._lock:
            if self._known is None or time.monotonic() - self._asked_at >= KEPT_SECONDS:
                asked_at = time.monotonic()
                with statements() as connection:
                    known = revoked_tokens(connection, self._lifetime)
                self._known, self._asked_at = known, asked_at
                return known
            return self._known
