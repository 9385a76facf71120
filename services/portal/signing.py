"""The keys that sign tokens, links and receipts: the newest signs, and the one before is believed for a while.

A rotated secret is picked up without a restart, at the latest after a minute, and at once where somebody shows a
token of a key that is not known yet: another instance has signed it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.core.aws import AWS_ERRORS
from services.core.secrets import Versions
from services.core.telemetry import get_logger

_KEPT_SECONDS = 60.0
# Anybody can show a token of an unknown key; AWS is not asked for each.
_UNKNOWN_KEPT_SECONDS = 5.0

log = get_logger(__name__)


def name_of(key: str) -> str:
    """A short name of a key that tells nothing of it, for a token's header (``kid``, RFC 7515 4.1.4)."""
    return hashlib.sha256(f"key id {key}".encode()).hexdigest()[:16]


class SigningKeys:
    """The newest key and the one before.

    Args:
        read: reads both from AWS.
        lifetime: how long the longest-lived thing that was signed holds; the key before is believed for as long.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        read: Callable[[], Versions],
        *,
        lifetime: timedelta,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._versions: Versions | None = None
        self._read_at = 0.0

    def newest(self) -> str:
        """The key that signs."""
        return self._fresh(_KEPT_SECONDS).current

    def accepted(self) -> list[str]:
        """The keys that are believed, the newest last, as itsdangerous takes them."""
        return self._accepted(self._fresh(_KEPT_SECONDS))

    def named(self, name: str | None) -> str:
        """The believed key of a name; the newest where no key has it, with which no signature will hold."""
        for seconds in (_KEPT_SECONDS, _UNKNOWN_KEPT_SECONDS):
            versions = self._fresh(seconds)
            for key in self._accepted(versions):
                if name_of(key) == name:
                    return key
            if name is None:
                break
        return versions.current

    def _accepted(self, versions: Versions) -> list[str]:
        if versions.previous is None or datetime.now(UTC) - versions.since > self._lifetime:
            return [versions.current]
        return [versions.previous, versions.current]

    def _fresh(self, seconds: float) -> Versions:
        """What AWS said at most so many seconds ago, or longer ago while it cannot be asked."""
        with self._lock:
            if self._versions is None:
                self._versions = self._read()
                self._read_at = self._clock()
            elif self._clock() - self._read_at >= seconds:
                self._read_at = self._clock()
                try:
                    self._versions = self._read()
                except AWS_ERRORS as error:
                    log.warning("signing keys cannot be read again; those at hand are used", error=str(error))
            return self._versions
