"""Lock the packages of Pipfile: ``python tools/lock.py``, with pipenv on the PATH or in .anb.

pipenv writes its package index into the lock file, and then installs from that index only. This lock file names
no index, so that pip's own configuration applies, such as a company mirror or an offline folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


def without_index(lock: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Remove the package index from a lock; keep versions and hashes."""
    packages = {
        section: {name: {k: v for k, v in entry.items() if k != "index"} for name, entry in entries.items()}
        for section, entries in lock.items()
        if section != "_meta"
    }
    return {"_meta": {**lock["_meta"], "sources": []}, **packages}


def main() -> int:
    """Lock and remove the index; return the exit code."""
    pipenv = shutil.which("pipenv") or PROJECT / ".anb/pipenv/bin/pipenv"
    if subprocess.run([pipenv, "lock"], cwd=PROJECT, check=False).returncode != 0:
        return 1
    file = PROJECT / "Pipfile.lock"
    file.write_text(json.dumps(without_index(json.loads(file.read_text())), indent=4) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
