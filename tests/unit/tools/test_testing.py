"""`anb test`: a lane is a pytest run; one that fails, crashes or runs no test is a failure."""

from __future__ import annotations

import dataclasses
import subprocess
from collections import Counter
from pathlib import Path

import click.testing
import pytest
from rich.console import Console
from rich.table import Table

from tools.testing.command import changed_paths, closing_line, passed, run_in_parallel, run_tests, slowest, summary
from tools.testing.lanes import LANES, Lane, Tier, choose
from tools.testing.runner import Result, TimedTest, run_lane, table_of
from workspace import paths
from workspace.errors import UnsupportedHost, UserError

EXAMPLE = Lane(name="example", description="", folders=("test_it.py",))


@pytest.fixture(autouse=True)
def plain_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable plugins: the lanes of these tests need none, and loading them takes seconds."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider")


def run(folder: Path, text: str, lane: Lane = EXAMPLE) -> Result:
    (folder / "test_it.py").write_text(text)
    return run_lane(lane, folder, folder)


def counts(result: Result) -> tuple[int, int, int]:
    return result.passed, result.failed, result.skipped


def cells(table: Table) -> list[list[str]]:
    """The rows of a table."""
    return [list(row) for row in zip(*(map(str, column.cells) for column in table.columns), strict=True)]


def test_passing_tests_are_counted_and_timed(tmp_path: Path) -> None:
    result = run(tmp_path, "def test_a(): pass\ndef test_b(): pass\n")
    assert counts(result) == (2, 0, 0)
    assert result.ok
    assert [test.name for test in result.tests] == ["test_it::test_a", "test_it::test_b"]


def test_terraform_garbage_settings_can_be_overridden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOGC", raising=False)
    monkeypatch.setenv("GOMEMLIMIT", "1GiB")
    text = "import os\ndef test_a(): assert (os.environ['GOGC'], os.environ['GOMEMLIMIT']) == ('off', '1GiB')\n"
    assert run(tmp_path, text).ok


def test_failing_test_fails_the_lane_and_keeps_its_output(tmp_path: Path) -> None:
    result = run(tmp_path, "def test_a(): pass\ndef test_b(): assert 'this' == 'that'\n")
    assert counts(result) == (1, 1, 0)
    assert not result.ok
    assert "'this' == 'that'" in result.output


def test_import_error_fails_the_lane(tmp_path: Path) -> None:
    assert run(tmp_path, "import no_such_module\n").failed == 1


def test_killed_run_fails_the_lane(tmp_path: Path) -> None:
    result = run(tmp_path, "import os\ndef test_a(): os.kill(os.getpid(), 9)\n")
    assert counts(result) == (0, 1, 0)


def test_stuck_test_fails_the_lane_and_prints_its_stack(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import time\ndef test_a():\n    while True: time.sleep(0.1)\n")
    result = run_lane(EXAMPLE, tmp_path, tmp_path, stuck_seconds=1)
    assert counts(result) == (0, 1, 0)
    assert 'test_it.py", line 3 in test_a' in result.output


def test_lane_without_tests_does_not_pass(tmp_path: Path) -> None:
    result = run(tmp_path, "def test_a(): pass\n", dataclasses.replace(EXAMPLE, marker="nothing"))
    assert counts(result) == (0, 0, 0)
    assert not result.ok
    assert closing_line([result], 1.5) == "===== no tests ran in 1.50s (no test ran in example) ====="


def test_unmet_needs_fail_the_lane_with_the_reason(tmp_path: Path) -> None:
    def prepare() -> None:
        raise UserError("Chromium is missing.")

    result = run_lane(dataclasses.replace(EXAMPLE, prepare=prepare), tmp_path, tmp_path)
    assert counts(result) == (0, 1, 0)
    assert result.output == "Chromium is missing."


def test_unsupported_lane_fails_only_if_named(tmp_path: Path) -> None:
    def prepare() -> None:
        raise UnsupportedHost("It needs root.")

    result = run_lane(dataclasses.replace(EXAMPLE, prepare=prepare), tmp_path, tmp_path)
    assert counts(result) == (0, 0, 0)
    assert not result.ok
    assert result.unsupported == "It needs root."
    assert cells(summary([result], 1))[0][-1] == "[yellow]not run"
    assert closing_line([result], 1) == "===== no tests ran in 1.00s (not run here: example) ====="
    assert passed([result], named=False)
    assert not passed([result], named=True)


def test_table_of_previous_run_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "CACHE_DIR", tmp_path)
    (tmp_path / "table.md").write_text("previous run")
    lane = dataclasses.replace(EXAMPLE, table="table.md")
    run(tmp_path, "def test_a(): pass\n", lane)
    assert table_of(lane) == ""
    run(tmp_path, "def test_a(): open('table.md', 'w').write('new')\n", lane)
    assert table_of(lane) == "new"


def test_cpu_time_includes_daemons(tmp_path: Path) -> None:
    daemon = "import time\nwhile time.process_time() < 1: pass"
    text = (
        "import subprocess, sys, time, pathlib\n"
        "def test_a():\n"
        f'    code = {daemon!r} + \'\\nopen("done", "w")\'\n'
        "    start = f'import subprocess, sys; subprocess.Popen([sys.executable, \"-c\", {code!r}])'\n"
        "    subprocess.run([sys.executable, '-c', start], check=True)\n"
        "    while not pathlib.Path('done').exists(): time.sleep(0.05)\n"
    )
    result = run(tmp_path, text)
    assert result.ok, result.output
    assert result.cpu_seconds >= 1


def test_summary_adds_wall_and_cpu_seconds() -> None:
    lane, other = LANES[:2]
    results = [
        Result(lane=lane, passed=2, failed=1, seconds=10, cpu_seconds=4),
        Result(lane=other, passed=3, skipped=1, seconds=11, cpu_seconds=5),
    ]
    assert cells(summary(results, 12.345)) == [
        [lane.name, "2", "1", "0", "10.0", "4.0", "[red]failed"],
        [other.name, "3", "0", "1", "11.0", "5.0", "[green]passed"],
        ["all", "5", "1", "1", "12.3", "9.0", ""],
    ]
    assert closing_line(results, 12.345) == "===== 1 failed, 5 passed, 1 skipped in 12.35s ====="


def test_ten_slowest_tests_of_all_lanes_are_listed() -> None:
    lane, other = LANES[:2]
    tests = tuple(TimedTest(name=f"t{number}", seconds=number) for number in range(12))
    results = [Result(lane=lane, tests=tests[::2]), Result(lane=other, tests=tests[1::2])]
    rows = cells(slowest(results))
    assert [row[0] for row in rows] == [f"t{number}" for number in range(11, 1, -1)]
    assert rows[0] == ["t11", other.name, "11.0"]


def test_results_keep_the_order_of_the_table(tmp_path: Path) -> None:
    console = Console(file=(tmp_path / "console").open("w"))
    results = run_in_parallel(LANES, lambda lane: Result(lane=lane, passed=1), console)
    assert [result.lane for result in results] == list(LANES)


def test_unknown_lane_error_lists_the_lanes() -> None:
    result = click.testing.CliRunner().invoke(run_tests, ["nonsense"])
    assert result.exit_code == 2
    assert ", ".join(f"'{lane.name}'" for lane in LANES) in result.output


def test_help_describes_each_lane() -> None:
    output = click.testing.CliRunner().invoke(run_tests, ["--help"]).output
    assert all(f"{lane.name:<10} {lane.description}"[:60] in output for lane in LANES)


def names(tier: Tier) -> list[str]:
    return [lane.name for lane in LANES if lane.tier is tier]


def test_tiers_are_chosen_by_option() -> None:
    assert [lane.name for lane in choose()] == names(Tier.DEFAULT)
    assert [lane.name for lane in choose(everything=True)] == names(Tier.DEFAULT) + names(Tier.FULL)
    assert names(Tier.EXPLICIT) == ["soak"]
    assert [lane.name for lane in choose(["soak", "unit"])] == ["unit", "soak"]


@pytest.mark.parametrize(
    ("path", "lanes"),
    [
        ("docs/sizing.md", {"docs"}),
        ("services/worker/job.py", {"media", "faults", "instances", "release"}),
        ("tests/integration/media/test_colours.py", {"media"}),
        ("Pipfile.lock", set(names(Tier.FULL))),
    ],
)
def test_change_adds_the_lanes_it_touches(path: str, lanes: set[str]) -> None:
    assert {lane.name for lane in choose(changed=[path])} == lanes | set(names(Tier.DEFAULT))


def test_named_lanes_cannot_be_mixed_with_tiers() -> None:
    result = click.testing.CliRunner().invoke(run_tests, ["unit", "--all"])
    assert (result.exit_code, result.output) == (
        1,
        "Error: unit: lanes are named, or chosen by --all or --changed. Fix: give only one.\n",
    )


def test_changed_paths_include_uncommitted_and_untracked(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=Ana", "-c", "user.email=ana@example.com", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    git("init", "--initial-branch=main")
    for name in ("first", "second", "changed"):
        (tmp_path / name).write_text(name)
        git("add", "--all")
        git("commit", "--message", name)
    (tmp_path / "changed").write_text("again")
    (tmp_path / "new").touch()

    assert changed_paths("HEAD", tmp_path) == ["changed", "new"]
    assert changed_paths("HEAD~2", tmp_path) == ["changed", "new", "second"]
    with pytest.raises(UserError, match=r"^--changed is 'unit'; must be a commit of this checkout\. Fix: see git log"):
        changed_paths("unit", tmp_path)


@pytest.mark.parametrize("lane", LANES, ids=lambda lane: str(lane.name))
def test_paths_of_lanes_exist(lane: Lane) -> None:
    missing = [path for path in (*lane.folders, *lane.touched_by) if not (paths.ROOT / path).exists()]
    assert missing == []


def test_every_test_file_is_in_one_lane() -> None:
    lanes: Counter[Path] = Counter()
    for lane in LANES:
        if lane.tier is not Tier.EXPLICIT:
            lanes.update(file for folder in lane.folders for file in (paths.ROOT / folder).rglob("test_*.py"))
    files = (paths.ROOT / "tests").rglob("test_*.py")
    assert {str(file): lanes[file] for file in files if lanes[file] != 1} == {}
