"""The command `test`: runs the lanes side by side, and says what ran and how long it took."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from operations import project
from operations.errors import NotHere, UserError
from operations.lanes import LANES, Lane

SIDE_BY_SIDE = 3
"""Lanes at once, at the most; one more than there are cores, for each now and then waits for a server or a clock."""
GO_SETTINGS = {"GOGC": "off", "GOMEMLIMIT": "600MiB"}
"""Lets Terraform and its provider collect garbage only when they have grown large.

Their runs are short: of a plan and of showing it, collecting takes three tenths of the processor's time.
What the variables mean: https://go.dev/doc/gc-guide
"""
STUCK_SECONDS = 1200
"""A test that takes longer waits for something that never comes: the lane ends, and says where each thread stood."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a lane went.

    Args:
        lane: which.
        passed, failed, skipped: numbers of tests; errors count as failed.
        seconds: how long it took.
        output: what to show when it did not pass.
        not_here: why this machine cannot run it, if it cannot; then nothing was run.
    """

    lane: Lane
    passed: int
    failed: int
    skipped: int
    seconds: float
    output: str
    not_here: str = ""

    @property
    def ok(self) -> bool:
        """Whether it ran tests and none failed or was skipped over."""
        return self.passed > 0 and self.failed == 0


@click.command(
    name="test",
    epilog="Lanes:\n\n\b\n" + "\n".join(f"  {lane.name:<10} {lane.proves}" for lane in LANES),
)
@click.argument("lanes", nargs=-1, type=click.Choice([lane.name for lane in LANES]), metavar="[LANE]...")
def run_tests(lanes: tuple[str, ...]) -> None:
    """Run the tests: the lanes named, or all but those that want to be named."""
    chosen = choose(lanes)
    console = Console()
    started = time.monotonic()
    folder = project.OWN / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(min(SIDE_BY_SIDE, (os.cpu_count() or 1) + 1)) as pool:
        # The table's last lanes take longest: started first, none of them runs alone at the end.
        results = list(pool.map(lambda lane: _show(run_lane(lane, folder, project.ROOT), console), reversed(chosen)))
    results.reverse()
    console.print(summary(results))
    seconds = time.monotonic() - started
    click.echo(closing_line(results, seconds))
    if not passed(results, named=bool(lanes)):
        raise SystemExit(1)


def choose(names: Sequence[str]) -> list[Lane]:
    """The lanes to run.

    Args:
        names: of those asked for; none asks for all that do not want to be named.
    """
    return [lane for lane in LANES if (lane.name in names if names else not lane.by_name)]


def passed(results: Sequence[Result], *, named: bool) -> bool:
    """Whether all is well.

    Args:
        results: of the lanes.
        named: whether they were asked for by name; else what this machine cannot run is left out.
    """
    return all(result.ok or (bool(result.not_here) and not named) for result in results)


def run_lane(lane: Lane, folder: Path, root: Path, *, stuck_seconds: float = STUCK_SECONDS) -> Result:
    """Run a lane in a pytest process of its own.

    Args:
        lane: which.
        folder: gets its output and its report.
        root: the project's folder, where pytest starts.
        stuck_seconds: how long one test may take; a lane that runs by name alone, to try long, has no limit.
    """
    started = time.monotonic()
    report, log = folder / f"{lane.name}.xml", folder / f"{lane.name}.log"
    report.unlink(missing_ok=True)
    if lane.table:
        (project.OWN / lane.table).unlink(missing_ok=True)
    try:
        if lane.prepare:
            lane.prepare()
    except NotHere as problem:
        return Result(lane=lane, passed=0, failed=0, skipped=0, seconds=0.0, output="", not_here=problem.message)
    except UserError as problem:
        return Result(lane=lane, passed=0, failed=1, skipped=0, seconds=0.0, output=problem.message)
    limit = ["-o", f"faulthandler_timeout={stuck_seconds}", "-o", "faulthandler_exit_on_timeout=true"]
    with log.open("wb") as output:
        code = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *lane.arguments, f"--junit-xml={report}"),
                *([] if lane.by_name else limit),
            ],
            cwd=root,
            env={**GO_SETTINGS, **os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    passed, failed, skipped = read_report(report)
    # A run that broke off, or a module that could not be read, is a failure even when no test says so.
    failed = failed or int(code not in (0, 5))
    seconds = time.monotonic() - started
    text = log.read_text(errors="replace")
    return Result(lane=lane, passed=passed, failed=failed, skipped=skipped, seconds=seconds, output=text)


def read_report(report: Path) -> tuple[int, int, int]:
    """How many tests passed, failed (or broke) and were skipped, from a JUnit report; zeros when there is none."""
    if not report.exists():
        return 0, 0, 0
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    counts = [
        {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")} for suite in suites
    ]
    tests, failures, errors, skipped = (
        sum(count[name] for count in counts) for name in ("tests", "failures", "errors", "skipped")
    )
    return max(0, tests - failures - errors - skipped), failures + errors, skipped


def summary(results: Sequence[Result]) -> Table:
    """What ran and how long each took."""
    table = Table("lane", "passed", "failed", "skipped", "seconds", "")
    for result in results:
        verdict = "[green]passed" if result.ok else "[red]failed" if result.failed else "[red]no test ran"
        if result.not_here:
            verdict = "[yellow]not run"
        counts = (result.passed, result.failed, result.skipped)
        table.add_row(result.lane.name, *map(str, counts), f"{result.seconds:.1f}", verdict)
    return table


def closing_line(results: Sequence[Result], seconds: float) -> str:
    """The sum, in pytest's words."""
    totals = {
        "failed": sum(result.failed for result in results),
        "passed": sum(result.passed for result in results),
        "skipped": sum(result.skipped for result in results),
    }
    not_here = [result.lane.name for result in results if result.not_here]
    empty = [result.lane.name for result in results if not (result.ok or result.failed or result.not_here)]
    words = ", ".join(f"{count} {name}" for name, count in totals.items() if count) or "no tests ran"
    notes = [f"no test ran in {', '.join(empty)}"] if empty else []
    notes += [f"not run here: {', '.join(not_here)}"] if not_here else []
    note = f" ({'; '.join(notes)})" if notes else ""
    return f"===== {words} in {seconds:.2f}s{note} ====="


def table_of(lane: Lane) -> str:
    """What a lane's tests wrote to be shown; nothing where they wrote nothing."""
    file = project.OWN / lane.table if lane.table else None
    return file.read_text() if file and file.exists() else ""


def _show(result: Result, console: Console) -> Result:
    if result.not_here:
        console.print(f"lane {result.lane.name}: not run. {result.not_here}", style="yellow", highlight=False)
        return result
    line = next((line for line in reversed(result.output.splitlines()) if re.search(r" in [\d.]+s", line)), "")
    if not result.ok:
        console.rule(f"lane {result.lane.name}", style="red")
        console.print(result.output, markup=False, highlight=False)
    if table := table_of(result.lane):
        console.print(table, markup=False, highlight=False, soft_wrap=True)
    console.print(f"lane {result.lane.name}: {line.strip('= ') or 'did not finish'}", highlight=False)
    return result
