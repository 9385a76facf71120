"""Password hashing: at most two at a time per process, and the whole password counts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from services.portal.accounts import passwords


class RecordingHasher:
    """The real hasher; records its concurrency and the hashes it verifies."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._lock = threading.Lock()
        self._active = 0
        self.max_concurrency = 0
        self.verified: list[str] = []

    def hash(self, password: str) -> str:
        self._enter()
        try:
            return self._hasher.hash(password)
        finally:
            self._leave()

    def verify(self, stored: str, password: str) -> bool:
        self._enter()
        try:
            self.verified.append(stored)
            return self._hasher.verify(stored, password)
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            self._active += 1
            self.max_concurrency = max(self.max_concurrency, self._active)

    def _leave(self) -> None:
        with self._lock:
            self._active -= 1


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> RecordingHasher:
    """Record the calls of the portal's hasher."""
    hasher = RecordingHasher(passwords._HASHER)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    return hasher


def test_concurrent_sign_ins_hash_two_at_a_time(recorder: RecordingHasher) -> None:
    stored = passwords.hash_password("a user's password")

    def hash_or_verify(number: int) -> bool:
        if number % 2:
            return passwords.password_matches(stored, "a user's password")
        return passwords.hash_password("another password").startswith("$argon2id$")

    with ThreadPoolExecutor(12) as threads:
        assert all(threads.map(hash_or_verify, range(24)))
    assert recorder.max_concurrency == 2


@pytest.mark.parametrize("length", [8, 64, 72, 73, 128, 4096])
def test_passwords_are_not_truncated(length: int) -> None:
    password = "ñ" * (length - 1) + "x"
    stored = passwords.hash_password(password)
    assert passwords.password_matches(stored, password)
    assert not passwords.password_matches(stored, password[:-1] + "y")
    assert not passwords.is_outdated(stored)
