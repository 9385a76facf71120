"""Setup runs once, restarts after an interruption, and explains a failed step."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from workspace import setup
from workspace.setup import SetupError, explain, is_installed, run, set_up


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".venv").mkdir()
    (tmp_path / "Pipfile.lock").write_text("{}")
    return tmp_path


def test_installed_only_if_lock_file_matches(project: Path) -> None:
    assert not is_installed(project)
    (project / ".venv/installed.lock").write_text("{}")
    assert is_installed(project)
    (project / "Pipfile.lock").write_text("{ }")
    assert not is_installed(project)


def test_completed_setup_does_not_run_again(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".venv/installed.lock").write_text("{}")
    set_up(project)
    assert capsys.readouterr().err == ""


def test_remains_of_an_interrupted_setup_are_removed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = project / ".anb"
    cache.mkdir()
    (cache / "unfinished").touch()
    (project / ".venv/half-installed").touch()

    def make_venv(*_arguments: object, **_options: object) -> None:
        assert not (project / ".venv").exists()
        (project / ".venv").mkdir()

    monkeypatch.setattr(setup, "run", make_venv)
    setup.install_packages(project, cache)
    assert is_installed(project)
    assert not (cache / "unfinished").exists()


def test_step_shows_its_duration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("Doing something", [sys.executable, "-c", ""], log=tmp_path / "log")
    assert "Doing something ...\n  Doing something: 0 s" in capsys.readouterr().err


def test_failed_step_shows_the_end_of_its_output_and_the_log(tmp_path: Path) -> None:
    code = "print('the reason'); raise SystemExit(1)"
    with pytest.raises(SetupError) as error:
        run("Doing something", [sys.executable, "-c", code], log=tmp_path / "log")
    assert str(error.value) == (
        f"Doing something failed:\n    the reason\nRun ./anb to try again. Full output: {tmp_path / 'log'}"
    )


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("The virtual environment was not created: ensurepip is not available", "apt-get install python3-venv"),
        ("OSError: [Errno 28] No space left on device", "The disk is full."),
        ("ERROR: Could not find a version that satisfies flask", "lacks a package"),
        ("pip._vendor.urllib3.exceptions.NewConnectionError: ...", "cannot be reached"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the one Pipfile.lock names"),
    ],
)
def test_known_causes_include_a_hint(tmp_path: Path, output: str, hint: str) -> None:
    assert hint in explain("Installing", output, tmp_path / "log")


def test_setup_imports_only_the_standard_library() -> None:
    tree = ast.parse(Path(setup.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
