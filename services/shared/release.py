"""Which release runs: the version and the commit that its builder wrote into ``services/release.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "release.json"
_WORKING_COPY = "development"


@dataclass(frozen=True)
class ReleaseInfo:
    """Where the running code comes from.

    Args:
        version: version of the project.
        commit: the source's commit.
    """

    version: str
    commit: str


def read_release(path: Path = FILE) -> ReleaseInfo:
    """The release that runs; both fields say ``development`` where nobody built one."""
    try:
        told = json.loads(path.read_text())
    except FileNotFoundError:
        return ReleaseInfo(_WORKING_COPY, _WORKING_COPY)
    return ReleaseInfo(version=told["version"], commit=told["commit"])
