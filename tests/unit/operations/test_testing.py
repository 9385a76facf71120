"""`anb test`: a lane is a pytest run; one that fails, breaks off or runs nothing is a failure."""

from __future__ import annotations

from pathlib import Path

import click.testing
import pytest

from operations import project
from operations.errors import NotHere, UserError
from operations.lanes import LANES, Lane
from operations.testing import Result, choose, closing_line, passed, run_lane, run_tests, summary, table_of


@pytest.fixture(autouse=True)
def plain_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lanes that are tried need no plugin, and loading all that are installed takes them seconds."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(folder: Path, text: str, *arguments: str) -> Result:
    (folder / "test_it.py").write_text(text)
    lane = Lane(name="tried", proves="", arguments=("test_it.py", "-p", "no:cacheprovider", *arguments))
    return run_lane(lane, folder, folder)


def counts(result: Result) -> tuple[int, int, int]:
    return result.passed, result.failed, result.skipped


def test_passing_tests_are_counted(tmp_path: Path) -> None:
    result = run(tmp_path, "def test_a(): pass\ndef test_b(): pass\n")
    assert counts(result) == (2, 0, 0)
    assert result.ok


def test_terraform_in_a_lane_keeps_its_garbage_unless_somebody_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOGC", raising=False)
    monkeypatch.setenv("GOMEMLIMIT", "1GiB")
    text = "import os\ndef test_a(): assert (os.environ['GOGC'], os.environ['GOMEMLIMIT']) == ('off', '1GiB')\n"
    assert run(tmp_path, text).ok


def test_a_failing_test_fails_the_lane_and_its_output_is_kept(tmp_path: Path) -> None:
    result = run(tmp_path, "def test_a(): pass\ndef test_b(): assert 'this' == 'that'\n")
    assert counts(result) == (1, 1, 0)
    assert not result.ok
    assert "'this' == 'that'" in result.output


def test_a_module_that_cannot_be_imported_fails_the_lane(tmp_path: Path) -> None:
    assert run(tmp_path, "import no_such_module\n").failed == 1


def test_a_run_that_is_killed_fails_the_lane(tmp_path: Path) -> None:
    result = run(tmp_path, "import os\ndef test_a(): os.kill(os.getpid(), 9)\n")
    assert counts(result) == (0, 1, 0)


def test_a_test_that_never_ends_fails_the_lane_and_says_where_it_stood(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import time\ndef test_a():\n    while True: time.sleep(0.1)\n")
    arguments = ("test_it.py", "-p", "no:cacheprovider")
    result = run_lane(Lane(name="tried", proves="", arguments=arguments), tmp_path, tmp_path, stuck_seconds=1)
    assert counts(result) == (0, 1, 0)
    assert 'test_it.py", line 3 in test_a' in result.output


def test_a_lane_without_tests_did_not_pass(tmp_path: Path) -> None:
    result = run(tmp_path, "", "-k", "nothing")
    assert counts(result) == (0, 0, 0)
    assert not result.ok
    assert closing_line([result], 1.5) == "===== no tests ran in 1.50s (no test ran in tried) ====="


def test_a_lane_whose_needs_are_not_met_fails_with_the_reason(tmp_path: Path) -> None:
    def prepare() -> None:
        raise UserError("Chromium is missing.")

    result = run_lane(Lane(name="tried", proves="", arguments=(), prepare=prepare), tmp_path, tmp_path)
    assert counts(result) == (0, 1, 0)
    assert result.output == "Chromium is missing."


def test_a_lane_this_machine_cannot_run_is_not_passed_and_says_why(tmp_path: Path) -> None:
    def prepare() -> None:
        raise NotHere("It needs root.")

    result = run_lane(Lane(name="tried", proves="", arguments=(), prepare=prepare), tmp_path, tmp_path)
    assert counts(result) == (0, 0, 0)
    assert not result.ok
    assert result.not_here == "It needs root."
    assert "[yellow]not run" in list(summary([result]).columns[-1].cells)
    assert closing_line([result], 1) == "===== no tests ran in 1.00s (not run here: tried) ====="
    assert passed([result], named=False)
    assert not passed([result], named=True)


def test_a_lanes_table_is_of_this_run_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "OWN", tmp_path)
    (tmp_path / "table.md").write_text("of the run before")
    lane = Lane(name="tried", proves="", arguments=("test_it.py", "-p", "no:cacheprovider"), table="table.md")
    (tmp_path / "test_it.py").write_text("def test_a(): pass\n")
    run_lane(lane, tmp_path, tmp_path)
    assert table_of(lane) == ""
    (tmp_path / "test_it.py").write_text("def test_a(): open('table.md', 'w').write('new')\n")
    run_lane(lane, tmp_path, tmp_path)
    assert table_of(lane) == "new"


def test_the_closing_line_sums_the_lanes(tmp_path: Path) -> None:
    lane = LANES[0]
    results = [
        Result(lane=lane, passed=2, failed=1, skipped=0, seconds=1, output=""),
        Result(lane=lane, passed=3, failed=0, skipped=1, seconds=1, output=""),
    ]
    assert closing_line(results, 12.345) == "===== 1 failed, 5 passed, 1 skipped in 12.35s ====="


def test_an_unknown_lane_is_answered_with_the_known_ones() -> None:
    result = click.testing.CliRunner().invoke(run_tests, ["nonsense"])
    assert result.exit_code == 2
    assert ", ".join(f"'{lane.name}'" for lane in LANES) in result.output


def test_a_lane_that_takes_long_runs_only_when_it_is_named() -> None:
    assert [lane.name for lane in LANES if lane not in choose([])] == ["soak"]
    assert [lane.name for lane in choose(["soak", "unit"])] == ["unit", "soak"]


def test_help_says_what_each_lane_proves() -> None:
    output = click.testing.CliRunner().invoke(run_tests, ["--help"]).output
    assert all(f"{lane.name:<10} {lane.proves}"[:60] in output for lane in LANES)


@pytest.mark.parametrize("lane", LANES, ids=lambda lane: str(lane.name))
def test_every_lane_has_its_files(lane: Lane) -> None:
    assert Path(lane.arguments[0]).exists()
