"""The keys that sign tokens, links and receipts: the newest signs, and the one before is believed for a while.

A rotated secret is picked up without a restart, at the latest after a minute, and at once where somebody shows a
token of a key that is not known yet: another instance has signed it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.shared.aws import AWS_ERRORS
from services.shared.secrets import SecretStore, SecretVersions
from services.shared.telemetry import get_logger

SHORTEST_KEY = 32
"""Bytes that a key of HS256 has at least (RFC 7518, 3.2)."""

# Of 32 random hexadecimal digits there are fewer different ones less than once in 10 million.
_FEWEST_DIFFERENT = 8
# What defaults and examples are made of. 64 random letters and digits hold one less than once in 10 million.
_PLACEHOLDERS = ("secret", "password", "default", "example", "change-", "change_", "changeme", "development")
_KEPT_SECONDS = 60.0
# Anybody can show a token of an unknown key; AWS is not asked for each.
_UNKNOWN_KEPT_SECONDS = 5.0

log = get_logger(__name__)


class WeakKey(Exception):
    """The secret that should sign could be guessed. What it is stands in no message."""


def weakness_of(key: str) -> str | None:
    """Why a key could be guessed, in words that do not tell it; None where it looks random."""
    size = len(key.encode())
    if size < SHORTEST_KEY:
        return f"it has {size} bytes; allowed are {SHORTEST_KEY} and more"
    if len(set(key)) < _FEWEST_DIFFERENT:
        return f"it repeats {len(set(key))} characters; allowed are {_FEWEST_DIFFERENT} different ones and more"
    if any(word in key.lower() for word in _PLACEHOLDERS):
        return "it reads like a placeholder; allowed is random text"
    return None


def read_keys(secrets: SecretStore, arn: str) -> SecretVersions:
    """The key that signs and the one before, which is left out where it was weak.

    Args:
        secrets: where they are.
        arn: the secret's ARN.

    Raises:
        WeakKey: the key could be guessed.
    """
    versions = secrets.read_versions(arn)
    if weakness := weakness_of(versions.current):
        raise WeakKey(
            f"The secret {arn} cannot sign tokens: {weakness}. "
            "To mend it: put random text there, such as `openssl rand -hex 32` makes"
        )
    if versions.previous is not None and weakness_of(versions.previous):
        return replace(versions, previous=None)
    return versions


def check_key(secrets: SecretStore, arn: str) -> None:
    """Look at the key before anything is served. While AWS cannot be asked it is looked at when it is first needed.

    Raises:
        WeakKey: the key could be guessed.
    """
    try:
        read_keys(secrets, arn)
    except AWS_ERRORS as error:
        log.warning("the signing key cannot be read yet", error=str(error))


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
        read: Callable[[], SecretVersions],
        *,
        lifetime: timedelta,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._versions: SecretVersions | None = None
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

    def _accepted(self, versions: SecretVersions) -> list[str]:
        if versions.previous is None or datetime.now(UTC) - versions.since > self._lifetime:
            return [versions.current]
        return [versions.previous, versions.current]

    def _fresh(self, seconds: float) -> SecretVersions:
        """What AWS said at most so many seconds ago, or longer ago while it cannot be asked."""
        with self._lock:
            if self._versions is None:
                self._versions = self._read()
                self._read_at = self._clock()
            elif self._clock() - self._read_at >= seconds:
                self._read_at = self._clock()
                try:
                    self._versions = self._read()
                except (*AWS_ERRORS, WeakKey) as error:
                    log.warning("signing keys cannot be read again; those at hand are used", error=str(error))
            return self._versions
