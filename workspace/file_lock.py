"""A lock between processes, held through a file."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def lock(file: Path) -> Iterator[None]:
    """Hold an exclusive lock during a block; other processes wait. The lock is released if the process dies.

    Args:
        file: Lock file; created with its folder if missing, and never deleted.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
