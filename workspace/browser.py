"""Chromium for the browser tests: the system's, installed by apt-get where that is allowed.

Debian builds it without a window of its own as well: the same pages for less than half of the processor's time.
"""

from __future__ import annotations

import os
import shutil

from workspace import apt
from workspace.errors import UserError

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
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            apt.install([WITHOUT_A_WINDOW])
        except UserError:
            if not find_chromium():
                raise
    elif not find_chromium():
        raise UserError(
            f"The browser tests need Chromium on the PATH (one of {', '.join(NAMES)}). "
            f"Install it; on Debian: apt-get install {WITHOUT_A_WINDOW}."
        )
