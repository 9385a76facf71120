"""Passwords: Argon2id with OWASP's minimum, and the bcrypt hashes of the original until their owners sign in.

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
# A storm of sign-ins may not take the cores and the memory from the votes.
_SLOTS = threading.BoundedSemaphore(2)
_BCRYPT = ("$2a$", "$2b$", "$2y$")
_BCRYPT_BYTES = 72
# Any Argon2id hash with our parameters: verifying against it takes as long as against a real one.
_NOBODY = _HASHER.hash("nobody has this password")

# Words of this place; the file holds those of everywhere.
_OUR_WORDS = ("anbrisingstars", "anb rising stars", "risingstars", "baloncesto", "contraseña", "basquetbol")


def _read_common() -> frozenset[str]:
    lines = files("services.portal.accounts").joinpath("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(_OUR_WORDS).union(line for line in lines if not line.startswith("#"))


_COMMON = _read_common()


def is_common(password: str) -> bool:
    """Whether a password is one of those that are tried first, however it is capitalised."""
    return password.lower() in _COMMON


def hash_password(password: str) -> str:
    """The hash to store for a password of any length."""
    with _SLOTS:
        return _HASHER.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether a password is the one of a stored hash.

    Args:
        stored: the account's hash; None where there is no account, which takes as long to deny.
    """
    with _SLOTS:
        if stored is not None and stored.startswith(_BCRYPT):
            secret = password.encode()
            # The original's bcrypt took no longer ones, so none of its hashes can belong to one.
            return len(secret) <= _BCRYPT_BYTES and bcrypt.checkpw(secret, stored.encode())
        try:
            return _HASHER.verify(stored or _NOBODY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made by an older algorithm or with other parameters."""
    return stored.startswith(_BCRYPT) or _HASHER.check_needs_rehash(stored)
