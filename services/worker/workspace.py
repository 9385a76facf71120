"""Private folders for jobs, under one folder that belongs to this process alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from services.shared.telemetry import get_logger
from services.worker.errors import TransientError

log = get_logger(__name__)
_PREFIX = "anb-worker-"
_LOCK = "lock"
# What the result and the messages of a job may take beside the original.
_SPARE_BYTES = 256 * 2**20


class Workspace:
    """This process's folder for jobs. What dead workers left behind is removed when it is made.

    A worker holds a lock on its folder for as long as it lives, so the living are told from the
    dead for certain, which a process id could not do.

    Args:
        parent: where the folder is made; the system's folder for temporary files by default.
    """

    def __init__(self, parent: Path | None = None) -> None:
        folder = parent or Path(tempfile.gettempdir())
        _remove_leftovers(folder)
        self._root, self._lock = _make_locked(folder)

    @contextlib.contextmanager
    def job(self, *, original_bytes: int) -> Iterator[Path]:
        """A folder that only we can enter, removed with all it holds at the end.

        Args:
            original_bytes: size of the file that is going to be fetched into it.

        Raises:
            TransientError: the disk is too full.
        """
        free = shutil.disk_usage(self._root).free
        if free < original_bytes + _SPARE_BYTES:
            raise TransientError(f"disk of {self._root} has {free} bytes free, {original_bytes + _SPARE_BYTES} needed")
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._root, ignore_errors=True)
        self._lock.close()


def _make_locked(parent: Path) -> tuple[Path, IO[bytes]]:
    while True:
        root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        # Until it is locked, a worker that starts at this moment takes the folder for a dead one's.
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            lock = (root / _LOCK).open("wb")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if (root / _LOCK).exists():
                return root, lock


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            with (folder / _LOCK).open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
                log.info("leftovers of a dead worker removed", folder=str(folder))
