"""Holds what only one process at a time may make."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold a lock for the length of a block; whoever wants the same waits meanwhile. A process that dies lets it go.

    Args:
        lock: file that stands for what is made; made with its folder where it is missing, and left there.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
