"""The library as other teams install it: a wheel of the checkout in a virtual environment of its own."""

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
    """What pyproject.toml asks for."""
    asked: list[str] = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return asked


def environment() -> Path:
    """The Python of an environment with the library's dependencies, at the versions of Pipfile.lock."""
    return virtualenv.ensure(NAME, dependencies(), constrained=True)


def prepare() -> None:
    """Make the environment before the tests that use it."""
    environment()


def build_wheel(folder: Path) -> Path:
    """The wheel of the checkout.

    Built from a copy: what an earlier build left in the checkout must not get into it.

    Args:
        folder: gets the wheel.

    Raises:
        UserError: when it cannot be built.
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
