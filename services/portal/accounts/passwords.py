"""Password hashing: Argon2id with OWASP's minimum; bcrypt hashes of the original are replaced at the next sign-in.

Parameters: OWASP Password Storage Cheat Sheet, "Argon2id with a minimum configuration of 19 MiB of
memory, an iteration count of 2, and 1 degree of parallelism".
"""

from __future__ import annotations

import threading
from importlib.resources import files

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1)
# Bounds the CPU and memory that a burst of sign-ins can take from the votes.
_SLOTS = threading.BoundedSemaphore(2)
_BCRYPT = ("$2a$", "$2b$", "$2y$")
_BCRYPT_BYTES = 72
# Verified if there is no account, which then takes as long as with one.
_DUMMY_HASH = _HASHER.hash("a password of no account")

# Passwords common for this site and country; the file holds the international ones.
_LOCAL_PASSWORDS = ("anbrisingstars", "anb rising stars", "risingstars", "baloncesto", "contraseña", "basquetbol")


def _read_common() -> frozenset[str]:
    lines = files("services.portal.accounts").joinpath("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(_LOCAL_PASSWORDS).union(line for line in lines if not line.startswith("#"))


_COMMON = _read_common()


def is_common(password: str) -> bool:
    """Return whether a password is a common one, ignoring case."""
    return password.lower() in _COMMON


def hash_password(password: str) -> str:
    """Hash a password of any length."""
    with _SLOTS:
        return _HASHER.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Return whether a password matches a stored hash.

    Args:
        stored: Hash of the account; None if there is no account, which takes as long as a wrong password.
    """
    with _SLOTS:
        if stored is not None and stored.startswith(_BCRYPT):
            secret = password.encode()
            # The original refused longer passwords, so none of its hashes can match one.
            return len(secret) <= _BCRYPT_BYTES and bcrypt.checkpw(secret, stored.encode())
        try:
            return _HASHER.verify(stored or _DUMMY_HASH, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Return whether a hash uses an older algorithm or other parameters."""
    return stored.startswith(_BCRYPT) or _HASHER.check_needs_rehash(stored)
