"""Chromium for the browser tests: the system's, installed by apt-get where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess

from operations.errors import UserError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of a Chromium on the PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def ensure_chromium() -> None:
    """Install Chromium when there is none, as root on Debian and its descendants.

    Raises:
        UserError: there is none and it cannot be installed.
    """
    if find_chromium():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise UserError(
            f"The browser tests need Chromium on the PATH (one of {', '.join(NAMES)}). "
            "Install it; on Debian: apt-get install chromium."
        )
    for arguments in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", "chromium"]):
        command = ["apt-get", *arguments, "-y"]
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        )
        if result.returncode != 0:
            raise UserError(f"{' '.join(command)} failed: {result.stderr.strip()[-500:]}")
