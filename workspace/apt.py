"""Debian's packages that tests need of the system, installed one after the other: lanes start side by side."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from workspace import paths
from workspace.errors import UserError
from workspace.file_lock import exclusive


def install(packages: Sequence[str]) -> None:
    """Install the newest of packages, without what they only recommend.

    Args:
        packages: their names.

    Raises:
        UserError: apt-get refused, with what it said.
    """
    with exclusive(paths.CACHE_DIR / "apt.lock"):
        _apt_get("update")
        _apt_get("install", "--no-install-recommends", *packages)


def _apt_get(*arguments: str) -> None:
    command = ["apt-get", "-qq", "-y", *arguments]
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        check=False,
    )
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip()[-500:]
        raise UserError(f"{' '.join(command)} failed: {said}")
