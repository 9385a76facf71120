"""Private folders for jobs, within one folder per worker process."""

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
# Space for the outputs and logs of a job, in addition to the original.
_SPARE_BYTES = 256 * 2**20


class Workspace:
    """The job folders of this process. Creating it removes folders of dead workers.

    A worker holds a lock on its folder while it lives, which identifies dead workers reliably; a process id would not.

    Args:
        parent: parent folder; the system's temporary folder by default.
    """

    def __init__(self, parent: Path | None = None) -> None:
        folder = parent or Path(tempfile.gettempdir())
        _remove_leftovers(folder)
        self._root, self._lock = _create_locked_folder(folder)

    @contextlib.contextmanager
    def job(self, *, original_bytes: int) -> Iterator[Path]:
        """Create a private folder for a job; remove it and its content afterwards.

        Args:
            original_bytes: size of the file that will be fetched into it.

        Raises:
            TransientError: not enough free disk space.
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


def _create_locked_folder(parent: Path) -> tuple[Path, IO[bytes]]:
    while True:
        root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        # Until it is locked, a worker that starts now may remove it as a leftover.
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
