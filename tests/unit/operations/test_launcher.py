"""`./anb` finds its project and a supported Python, and runs the setup once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workspace.paths import ROOT

ARGUMENTS = "import os, sys; print(sys.argv[1:], os.getcwd())\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An installed project in a path with spaces; its command prints the arguments and the working directory."""
    folder = tmp_path / "a project" / "of ours"
    (folder / "operations").mkdir(parents=True)
    (folder / ".venv/bin").mkdir(parents=True)
    shutil.copy(ROOT / "anb", folder / "anb")
    (folder / "operations/__init__.py").touch()
    (folder / "operations/__main__.py").write_text(ARGUMENTS)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    (folder / "Pipfile.lock").write_text("{}")
    (folder / ".venv/installed.lock").write_text("{}")
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The only folder on the PATH, with the programs that `anb` uses and no Python."""
    folder = tmp_path / "path"
    folder.mkdir()
    for name in ("sh", "dirname", "readlink", "cmp"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


def anb(program: Path, path: Path, *arguments: str, cwd: Path | str = "/") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(path)}
    return subprocess.run([program, *arguments], env=environment, cwd=cwd, capture_output=True, text=True, check=False)


def put_python(path: Path, name: str, *, suitable: bool) -> None:
    """Add a fake Python that accepts or rejects the version check and prints the script it runs."""
    program = path / name
    version_check = "exit 0" if suitable else "exit 1"
    program.write_text(f'#!/bin/sh\nif [ "$1" = -c ]; then {version_check}; fi\necho "{name} runs $1" >&2\nexit 7\n')
    program.chmod(0o755)


def test_command_gets_working_directory_and_arguments(project: Path, path: Path, tmp_path: Path) -> None:
    result = anb(project / "anb", path, "up", "with a space", cwd=tmp_path)
    assert result.stdout == f"['up', 'with a space'] {tmp_path}\n", result.stderr


def test_project_is_found_through_symbolic_links(project: Path, path: Path, tmp_path: Path) -> None:
    (tmp_path / "first").symlink_to(project / "anb")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/second").symlink_to("../first")
    assert anb(tmp_path / "bin/second", path, "status").stdout.startswith("['status']")


def test_system_python_is_not_used_after_setup(project: Path, path: Path) -> None:
    put_python(path, "python3", suitable=True)
    assert anb(project / "anb", path).stderr == ""


def test_missing_python_names_the_versions_to_install(project: Path, path: Path) -> None:
    (project / ".venv/installed.lock").unlink()
    result = anb(project / "anb", path)
    message = "Error: Python is missing. Install Python 3.11, 3.12, 3.13 or 3.14 and run ./anb again.\n"
    assert (result.returncode, result.stderr) == (1, message)


def test_unsupported_python_is_named(project: Path, path: Path) -> None:
    (project / ".venv/installed.lock").unlink()
    put_python(path, "python3", suitable=False)
    result = anb(project / "anb", path)
    assert (result.returncode, result.stderr.startswith("Error: too old or too new: python3. Install")) == (1, True)


def test_supported_python_under_another_name_is_used(project: Path, path: Path) -> None:
    (project / ".venv/installed.lock").unlink()
    put_python(path, "python3", suitable=False)
    put_python(path, "python3.12", suitable=True)
    result = anb(project / "anb", path)
    assert (result.returncode, result.stderr) == (7, f"python3.12 runs {project}/workspace/setup.py\n")


@pytest.mark.parametrize("change", ["lock changed", "environment removed", "setup interrupted"])
def test_setup_runs_again_if_environment_and_lock_differ(project: Path, path: Path, change: str) -> None:
    put_python(path, "python3", suitable=True)
    if change == "lock changed":
        (project / "Pipfile.lock").write_text('{"default": {}}')
    elif change == "environment removed":
        shutil.rmtree(project / ".venv")
    else:
        (project / ".venv/installed.lock").unlink()
    assert "python3 runs" in anb(project / "anb", path).stderr
