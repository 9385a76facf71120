"""The set-up: done once, done again after an interruption, and a failing step says why."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from workspace import setup
from workspace.setup import SetupProblem, explain, is_installed, run, set_up


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".venv").mkdir()
    (tmp_path / "Pipfile.lock").write_text("{}")
    return tmp_path


def test_it_is_complete_only_with_a_copy_of_this_very_lock(project: Path) -> None:
    assert not is_installed(project)
    (project / ".venv/installed.lock").write_text("{}")
    assert is_installed(project)
    (project / "Pipfile.lock").write_text("{ }")
    assert not is_installed(project)


def test_a_start_that_waited_for_another_ones_set_up_does_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".venv/installed.lock").write_text("{}")
    set_up(project)
    assert capsys.readouterr().err == ""


def test_what_an_interrupted_set_up_left_is_removed_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = project / ".anb"
    own.mkdir()
    (own / "unfinished").touch()
    (project / ".venv/half-installed").touch()

    def make_venv(*_arguments: object, **_options: object) -> None:
        assert not (project / ".venv").exists()
        (project / ".venv").mkdir()

    monkeypatch.setattr(setup, "run", make_venv)
    setup.install_packages(project, own)
    assert is_installed(project)
    assert not (own / "unfinished").exists()


def test_each_step_says_how_long_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("Doing something", [sys.executable, "-c", ""], log=tmp_path / "log")
    assert "Doing something ...\n  Doing something: 0 s" in capsys.readouterr().err


def test_a_failing_step_shows_the_end_of_its_output_and_where_the_rest_is(tmp_path: Path) -> None:
    code = "print('the reason'); raise SystemExit(1)"
    with pytest.raises(SetupProblem) as problem:
        run("Doing something", [sys.executable, "-c", code], log=tmp_path / "log")
    assert str(problem.value) == (
        "Doing something failed:\n    the reason\n"
        f"Run ./anb again to try once more. The whole output is in {tmp_path / 'log'}."
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
def test_known_causes_come_with_the_way_out(tmp_path: Path, output: str, hint: str) -> None:
    assert hint in explain("Installing", output, tmp_path / "log")


def test_it_runs_on_a_bare_python() -> None:
    tree = ast.parse(Path(setup.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
