"""Virtual environments of test lanes, cached under .anb by a hash of their requirements."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from workspace import paths
from workspace.errors import UserError
from workspace.file_lock import lock

_MARKER = "complete"


def ensure(
    name: str, requirements: Sequence[str], *, constrained: bool = False, folder: Path = paths.CACHE_DIR
) -> Path:
    """Create a virtual environment with the requirements and their dependencies, unless it exists.

    Args:
        name: Purpose; the prefix of its folder.
        requirements: Requirements in pip's format.
        constrained: Whether to pin every package to its version in Pipfile.lock. Default: no.
        folder: Parent folder.

    Returns:
        Path of its Python.

    Raises:
        UserError: It cannot be created.
    """
    constraints = read_constraints(paths.ROOT / "Pipfile.lock") if constrained else []
    inputs = json.dumps([sys.version, sorted(requirements), constraints])
    environment = folder / f"{name}-{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"
    python = environment / "bin" / "python"
    with lock(folder / f"{name}.lock"):
        if (environment / _MARKER).exists():
            return python
        _run(name, [sys.executable, "-m", "venv", "--clear", str(environment)])
        constraints_file = environment / "constraints.txt"
        constraints_file.write_text("".join(f"{line}\n" for line in constraints))
        install(name, python, ["--constraint", str(constraints_file), *requirements])
        (environment / _MARKER).touch()
    return python


def install(name: str, python: Path, arguments: Sequence[str]) -> None:
    """Run ``pip install`` in a virtual environment, with pip's own configuration.

    Raises:
        UserError: pip failed; includes the end of its output.
    """
    _run(name, [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments])


def read_constraints(lock_file: Path) -> list[str]:
    """Return the pinned versions of Pipfile.lock as pip constraints."""
    packages = json.loads(lock_file.read_text())["default"]
    return sorted(f"{name}{entry['version']}" for name, entry in packages.items())


def _run(name: str, command: Sequence[str]) -> None:
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        output = (result.stderr or result.stdout).strip()[-800:]
        raise UserError(f"The environment {name} could not be created: {' '.join(command[1:4])} failed: {output}")
