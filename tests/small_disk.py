"""A disk that is soon full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A file system in memory over a folder, while the block runs.

    Mounting is root's; who is not root needs a sudo that does not ask.

    Args:
        folder: empty, and there already.
        size: as tmpfs takes it, such as ``600k`` or ``272m``.
    """
    _as_root("mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs", folder)
    try:
        yield folder
    finally:
        # Lazily: what a killed process still holds goes with it.
        _as_root("umount", "--lazy", folder)


def _as_root(*command: str | Path) -> None:
    subprocess.run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command], check=True)
