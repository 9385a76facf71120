"""Install Debian packages that tests need, one call at a time because lanes start in parallel."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from workspace import paths
from workspace.errors import UserError
from workspace.file_lock import lock


def install(packages: Sequence[str]) -> None:
    """Install the newest version of each package, without recommended packages.

    Args:
        packages: Names of the Debian packages.

    Raises:
        UserError: apt-get failed; includes the end of its output.
    """
    with lock(paths.CACHE_DIR / "apt.lock"):
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
        output = (result.stderr or result.stdout).strip()[-500:]
        raise UserError(f"{' '.join(command)} failed: {output}")
