"""Virtual environments of the lanes' own, under .anb: made once for what they hold, and made anew when that changes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from workspace import paths
from workspace.errors import UserError
from workspace.file_lock import exclusive

_MARKER = "complete"


def ensure(
    name: str, requirements: Sequence[str], *, constrained: bool = False, folder: Path = paths.CACHE_DIR
) -> Path:
    """A virtual environment that holds the requirements and what they need, and nothing else.

    Args:
        name: what it is for.
        requirements: what pip installs, as pip reads them.
        constrained: hold every package to its version in Pipfile.lock.
        folder: where it is made.

    Returns:
        Its Python.

    Raises:
        UserError: when it cannot be made.
    """
    constraints = locked(paths.ROOT / "Pipfile.lock") if constrained else []
    wanted = json.dumps([sys.version, sorted(requirements), constraints])
    place = folder / f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    python = place / "bin" / "python"
    with exclusive(folder / f"{name}.lock"):
        if (place / _MARKER).exists():
            return python
        _run(name, [sys.executable, "-m", "venv", "--clear", str(place)])
        limits = place / "constraints.txt"
        limits.write_text("".join(f"{line}\n" for line in constraints))
        install(name, python, ["--constraint", str(limits), *requirements])
        (place / _MARKER).touch()
    return python


def install(name: str, python: Path, arguments: Sequence[str]) -> None:
    """Run ``pip install`` in a virtual environment, with pip's own configuration.

    Raises:
        UserError: when pip fails, with the end of what it said.
    """
    _run(name, [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments])


def locked(lock: Path) -> list[str]:
    """What Pipfile.lock holds, as pip's constraints."""
    packages = json.loads(lock.read_text())["default"]
    return sorted(f"{name}{entry['version']}" for name, entry in packages.items())


def _run(name: str, command: Sequence[str]) -> None:
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip()[-800:]
        raise UserError(f"The environment {name} could not be made: {' '.join(command[1:4])} said: {said}")
