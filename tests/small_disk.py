"""A small file system, to test full disks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system in memory on a folder while the block runs.

    Requires root, or sudo without a password.

    Args:
        folder: an existing, empty folder.
        size: size in tmpfs's notation, such as ``600k`` or ``272m``.
    """
    _as_root("mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs", folder)
    try:
        yield folder
    finally:
        # Lazy, because a killed process may still have files open.
        _as_root("umount", "--lazy", folder)


def _as_root(*command: str | Path) -> None:
    subprocess.run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command], check=True)
