"""`./anb` needs a suitable Python only, finds its project from anywhere, and sets up once."""

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
    """A project in a path with spaces, complete, whose command prints its arguments and folder."""
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
    """A folder that is the whole PATH, with what `anb` uses of the system and no Python."""
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
    """A python that says whether its version will do, and records being asked to set up."""
    program = path / name
    answer = "exit 0" if suitable else "exit 1"
    program.write_text(f'#!/bin/sh\nif [ "$1" = -c ]; then {answer}; fi\necho "{name} runs $1" >&2\nexit 7\n')
    program.chmod(0o755)


def test_the_working_directory_and_the_arguments_reach_the_command(project: Path, path: Path, tmp_path: Path) -> None:
    result = anb(project / "anb", path, "up", "with a space", cwd=tmp_path)
    assert result.stdout == f"['up', 'with a space'] {tmp_path}\n", result.stderr


def test_it_is_found_through_symbolic_links(project: Path, path: Path, tmp_path: Path) -> None:
    (tmp_path / "first").symlink_to(project / "anb")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/second").symlink_to("../first")
    assert anb(tmp_path / "bin/second", path, "status").stdout.startswith("['status']")


def test_when_all_is_set_up_no_python_of_the_system_is_asked(project: Path, path: Path) -> None:
    put_python(path, "python3", suitable=True)
    assert anb(project / "anb", path).stderr == ""


def test_without_python_it_says_which_to_install(project: Path, path: Path) -> None:
    (project / ".venv/installed.lock").unlink()
    result = anb(project / "anb", path)
    message = "Error: Python is missing. Install Python 3.11, 3.12, 3.13 or 3.14 and run ./anb again.\n"
    assert (result.returncode, result.stderr) == (1, message)


def test_with_an_old_python_it_names_what_it_found(project: Path, path: Path) -> None:
    (project / ".venv/installed.lock").unlink()
    put_python(path, "python3", suitable=False)
    result = anb(project / "anb", path)
    assert (result.returncode, result.stderr.startswith("Error: too old or too new: python3. Install")) == (1, True)


def test_a_suitable_python_under_another_name_is_found(project: Path, path: Path) -> None:
    (project / ".venv/installed.lock").unlink()
    put_python(path, "python3", suitable=False)
    put_python(path, "python3.12", suitable=True)
    result = anb(project / "anb", path)
    assert (result.returncode, result.stderr) == (7, f"python3.12 runs {project}/workspace/setup.py\n")


@pytest.mark.parametrize("change", ["lock changed", "environment removed", "set-up interrupted"])
def test_it_sets_up_again_when_the_environment_is_not_that_of_the_lock(project: Path, path: Path, change: str) -> None:
    put_python(path, "python3", suitable=True)
    if change == "lock changed":
        (project / "Pipfile.lock").write_text('{"default": {}}')
    elif change == "environment removed":
        shutil.rmtree(project / ".venv")
    else:
        (project / ".venv/installed.lock").unlink()
    assert "python3 runs" in anb(project / "anb", path).stderr
