"""The wheel of the checkout, installed in an empty environment."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Callable

import pytest

from tools import package
from workspace import virtualenv

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return package.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: pathlib.Path) -> pathlib.Path:
    """The Python of an environment with only the library and its dependencies."""
    python = package.environment()
    virtualenv.install(package.NAME, python, ["--force-reinstall", "--no-deps", str(wheel)])
    return python


@pytest.fixture
def run(installed: pathlib.Path, tmp_path: pathlib.Path) -> Run:
    """Run that Python in an empty folder, without the project's environment variables."""
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ANB_", "CDKTF_", "JSII_"))
    }

    def go(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(installed), *arguments]
        return subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)

    return go
