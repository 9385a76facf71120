"""Hashing: never more than two at a time in a process, and as dear for an address that nobody has."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from services.portal.accounts import passwords


class Watched:
    """The real hasher; notes how many threads are in it at once, and what they verify."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._lock = threading.Lock()
        self._inside = 0
        self.most = 0
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
            self._inside += 1
            self.most = max(self.most, self._inside)

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The hasher of the portal, watched."""
    hasher = Watched(passwords._HASHER)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    return hasher


def test_a_storm_of_sign_ins_hashes_two_at_a_time(watched: Watched) -> None:
    stored = passwords.hash_password("a password of somebody")

    def work(number: int) -> bool:
        if number % 2:
            return passwords.password_matches(stored, "a password of somebody")
        return passwords.hash_password("another password").startswith("$argon2id$")

    with ThreadPoolExecutor(12) as threads:
        assert all(threads.map(work, range(24)))
    assert watched.most == 2


@pytest.mark.parametrize("length", [8, 64, 72, 73, 128, 4096])
def test_no_part_of_a_password_is_cut_off(length: int) -> None:
    password = "ñ" * (length - 1) + "x"
    stored = passwords.hash_password(password)
    assert passwords.password_matches(stored, password)
    assert not passwords.password_matches(stored, password[:-1] + "y")
    assert not passwords.is_outdated(stored)
