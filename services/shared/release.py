"""The running release: version and commit, which the build writes into ``services/release.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "release.json"
_WORKING_COPY = "development"


@dataclass(frozen=True)
class ReleaseInfo:
    """Version and commit of a release.

    Args:
        version: Version of the project.
        commit: Commit of the source.
    """

    version: str
    commit: str


def read_release(path: Path = FILE) -> ReleaseInfo:
    """Read the running release. Both fields are ``development`` in a working copy."""
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        return ReleaseInfo(_WORKING_COPY, _WORKING_COPY)
    return ReleaseInfo(version=document["version"], commit=document["commit"])
