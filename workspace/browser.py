"""Chromium for the browser tests: the system's, installed by apt-get if permitted.

Debian also builds a headless shell, which renders the same pages with less than half of the CPU time.
"""

from __future__ import annotations

import os
import shutil

from workspace import apt
from workspace.errors import UserError

HEADLESS_SHELL = "chromium-headless-shell"
NAMES = (HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Return the path of a Chromium on the PATH, the headless shell first."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def ensure_chromium() -> None:
    """Install the headless shell if running as root on a Debian-based system; else accept any Chromium on the PATH.

    Raises:
        UserError: No Chromium is installed and it cannot be installed.
    """
    if shutil.which(HEADLESS_SHELL):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            apt.install([HEADLESS_SHELL])
        except UserError:
            if not find_chromium():
                raise
    elif not find_chromium():
        raise UserError(
            f"The browser tests need Chromium on the PATH (one of {', '.join(NAMES)}). "
            f"Install it; on Debian: apt-get install {HEADLESS_SHELL}."
        )
