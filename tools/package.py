"""Build the library's wheel and an environment to install it in."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from workspace import paths, virtualenv
from workspace.errors import UserError

NAME = "package"


def dependencies() -> list[str]:
    """Read the dependencies from pyproject.toml."""
    requirements: list[str] = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return requirements


def environment() -> Path:
    """Create an environment with the library's dependencies at the versions of Pipfile.lock; return its Python."""
    return virtualenv.ensure(NAME, dependencies(), constrained=True)


def prepare() -> None:
    """Create the environment before the tests that use it."""
    environment()


def build_wheel(folder: Path) -> Path:
    """Build a wheel from a copy of the checkout, without files of earlier builds.

    Args:
        folder: output folder.

    Raises:
        UserError: the build failed.
    """
    with tempfile.TemporaryDirectory() as copy:
        for file in ("pyproject.toml", "README.md"):
            shutil.copy(paths.ROOT / file, copy)
        shutil.copytree(paths.ROOT / "constructs_lib", Path(copy) / "constructs_lib")
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), copy]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise UserError(f"The wheel could not be built: {result.stderr.strip()[-800:]}")
    (wheel,) = folder.glob("*.whl")
    return wheel
