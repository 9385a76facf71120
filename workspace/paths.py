"""Paths in the project's folder."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE_DIR = ROOT / ".anb"
"""Programs and data that the commands install and keep; ignored by git."""


def local_directory() -> Path:
    """Return the folder for data, logs and state of the local system.

    ``ANB_LOCAL_DIR`` overrides it, so that several can run in parallel.
    """
    override = os.environ.get("ANB_LOCAL_DIR")
    return Path(override).resolve() if override else CACHE_DIR / "local"
