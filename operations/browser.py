"""Chromium for the browser tests: the system's, installed by apt-get where that is allowed.

Debian builds it without a window of its own as well: the same pages for less than half of the processor's time.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from operations.errors import UserError

WITHOUT_A_WINDOW = "chromium-headless-shell"
NAMES = (WITHOUT_A_WINDOW, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of a Chromium on the PATH, without a window where there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def ensure_chromium() -> None:
    """Install the Chromium without a window, as root on Debian and its descendants; else any that is there will do.

    Raises:
        UserError: there is none and it cannot be installed.
    """
    if shutil.which(WITHOUT_A_WINDOW):
        return
    problem = _install()
    if problem and not find_chromium():
        raise UserError(problem)


def _install() -> str:
    """Why it cannot be installed; empty when it was."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return (
            f"The browser tests need Chromium on the PATH (one of {', '.join(NAMES)}). "
            f"Install it; on Debian: apt-get install {WITHOUT_A_WINDOW}."
        )
    # Another lane may be installing what it needs.
    waits = ["-o", "DPkg::Lock::Timeout=600"]
    for arguments in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", *waits, WITHOUT_A_WINDOW]):
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
            return f"{' '.join(command)} failed: {result.stderr.strip()[-500:]}"
    return ""
