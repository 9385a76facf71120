"""Where things lie in the project's folder."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE_DIR = ROOT / ".anb"
"""What the commands install and keep for themselves; never in the repository."""


def local_directory() -> Path:
    """Where the system that runs on this machine keeps its data, logs and state.

    ``ANB_LOCAL_DIR`` moves it, so that several may run side by side.
    """
    given = os.environ.get("ANB_LOCAL_DIR")
    return Path(given).resolve() if given else CACHE_DIR / "local"
