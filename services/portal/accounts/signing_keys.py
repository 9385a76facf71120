"""Keys that sign tokens and links: the newest one signs, and the previous one is still accepted for a while.

A rotated secret is read without a restart: after at most a minute, or at once if a token names an unknown key, because
another instance may already sign with it.
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
"""Minimum length of an HS256 key, in bytes (RFC 7518, 3.2)."""

# 32 random hexadecimal digits have fewer distinct ones less than once in 10 million.
_MIN_DISTINCT = 8
# Words of defaults and examples. 64 random letters and digits contain one less than once in 10 million.
_PLACEHOLDERS = ("secret", "password", "default", "example", "change-", "change_", "changeme", "development")
_CACHE_SECONDS = 60.0
# Anyone can send a token that names an unknown key; this bounds the requests to AWS.
_UNKNOWN_KEY_CACHE_SECONDS = 5.0

log = get_logger(__name__)


class WeakKey(Exception):
    """The signing key could be guessed. The message does not contain the key."""


def find_weakness(key: str) -> str | None:
    """Return why a key could be guessed, without revealing it; None if the key looks random."""
    size = len(key.encode())
    if size < SHORTEST_KEY:
        return f"it has {size} bytes; must have at least {SHORTEST_KEY}"
    if len(set(key)) < _MIN_DISTINCT:
        return f"it has {len(set(key))} different characters; must have at least {_MIN_DISTINCT}"
    if any(word in key.lower() for word in _PLACEHOLDERS):
        return "it looks like a placeholder; must be random text"
    return None


def read_keys(secrets: SecretStore, arn: str) -> SecretVersions:
    """Read the current key and the previous one, which is left out if it is weak.

    Args:
        secrets: Store of the secret.
        arn: ARN of the secret.

    Raises:
        WeakKey: the current key could be guessed.
    """
    versions = secrets.read_versions(arn)
    if weakness := find_weakness(versions.current):
        raise WeakKey(
            f"The secret {arn} cannot sign tokens: {weakness}. "
            "Fix: put random text there, such as the output of `openssl rand -hex 32`."
        )
    if versions.previous is not None and find_weakness(versions.previous):
        return replace(versions, previous=None)
    return versions


def check_key(secrets: SecretStore, arn: str) -> None:
    """Check the key at startup. If AWS does not answer, the key is checked when it is first needed.

    Raises:
        WeakKey: the key could be guessed.
    """
    try:
        read_keys(secrets, arn)
    except AWS_ERRORS as error:
        log.warning("the signing key cannot be read yet", error=str(error))


def key_id(key: str) -> str:
    """Return the id of a key for a token's header (``kid``, RFC 7515 4.1.4); it does not reveal the key."""
    return hashlib.sha256(f"key id {key}".encode()).hexdigest()[:16]


class SigningKeys:
    """The newest key and the previous one, cached.

    Args:
        read: Reads both from AWS.
        lifetime: How long the previous key is accepted: the longest lifetime of anything signed.
        clock: Monotonic clock, in seconds. Default: ``time.monotonic``.
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
        """Return the key that signs."""
        return self._read_cached(_CACHE_SECONDS).current

    def accepted(self) -> list[str]:
        """Return the accepted keys, the newest last, as itsdangerous expects them."""
        return self._accepted(self._read_cached(_CACHE_SECONDS))

    def find(self, wanted_id: str | None) -> str:
        """Return the accepted key with an id; if there is none, the newest, with which verification will fail."""
        for seconds in (_CACHE_SECONDS, _UNKNOWN_KEY_CACHE_SECONDS):
            versions = self._read_cached(seconds)
            for key in self._accepted(versions):
                if key_id(key) == wanted_id:
                    return key
            if wanted_id is None:
                break
        return versions.current

    def _accepted(self, versions: SecretVersions) -> list[str]:
        if versions.previous is None or datetime.now(UTC) - versions.since > self._lifetime:
            return [versions.current]
        return [versions.previous, versions.current]

    def _read_cached(self, seconds: float) -> SecretVersions:
        """Return the keys, at most this many seconds old, or older while AWS does not answer."""
        with self._lock:
            if self._versions is None:
                self._versions = self._read()
                self._read_at = self._clock()
            elif self._clock() - self._read_at >= seconds:
                self._read_at = self._clock()
                try:
                    self._versions = self._read()
                except (*AWS_ERRORS, WeakKey) as error:
                    log.warning("signing keys cannot be read again; the cached ones are used", error=str(error))
            return self._versions
