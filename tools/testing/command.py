"""The command `test`: run lanes in parallel; print results, durations and the slowest tests."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tools.testing.lanes import LANES, Lane, Tier, choose
from tools.testing.runner import Result, run_lane, table_of
from workspace import paths
from workspace.errors import UserError

WAITING_LANES = 2
"""Parallel lanes that mostly wait; they run in addition to one computing lane per core."""
SLOWEST_TESTS = 10


def _lanes_help() -> str:
    lines = ["\b"]
    for tier in Tier:
        lines += [f"Lanes, {tier.value}:"]
        lines += [f"  {lane.name:<10} {lane.description}" for lane in LANES if lane.tier is tier]
    return "\n".join(lines)


@click.command(name="test", epilog=_lanes_help())
@click.argument("names", nargs=-1, type=click.Choice([lane.name for lane in LANES]), metavar="[LANE]...")
@click.option("--all", "everything", is_flag=True, help="All lanes except explicit ones.")
@click.option(
    "--changed",
    is_flag=False,
    flag_value="HEAD",
    metavar="[COMMIT]",
    help="Add the lanes touched by the changes since COMMIT. Default: HEAD, the uncommitted changes.",
)
def run_tests(names: tuple[str, ...], everything: bool, changed: str | None) -> None:
    """Run the tests: by default each part of the system once, in minutes."""
    touched = None if changed is None else changed_paths(changed, paths.ROOT)
    chosen = choose(names, everything=everything, changed=touched)
    console = Console()
    started = time.monotonic()
    folder = paths.CACHE_DIR / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    results = run_in_parallel(chosen, lambda lane: run_lane(lane, folder, paths.ROOT, random_seeds=everything), console)
    seconds = time.monotonic() - started
    console.print(slowest(results))
    console.print(summary(results, seconds))
    click.echo(closing_line(results, seconds))
    if not passed(results, named=bool(names)):
        raise SystemExit(1)


def changed_paths(commit: str, root: Path) -> list[str]:
    """List the paths that differ from the merge base with a commit, including uncommitted and untracked files.

    Args:
        commit: any revision that git can resolve, such as ``HEAD`` or ``main``.
        root: folder of the checkout.

    Raises:
        UserError: git does not know the commit, or the folder is not a checkout.
    """
    commands = (
        ["git", "diff", "--name-only", "--merge-base", commit, "--"],
        ["git", "ls-files", "--others", "--exclude-standard"],
    )
    changed: set[str] = set()
    for command in commands:
        result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            reason = result.stderr.strip()
            raise UserError(f"--changed is {commit!r}; must be a commit of this checkout. Fix: see git log. ({reason})")
        changed.update(result.stdout.splitlines())
    return sorted(changed)


def run_in_parallel(lanes: Sequence[Lane], run: Callable[[Lane], Result], console: Console) -> list[Result]:
    """Run one computing lane per core, and in addition the lanes that mostly wait.

    Args:
        lanes: lanes in starting order.
        run: function that runs a lane.
        console: receives a line when a lane starts and when it ends.
    """
    cores = max(2, len(os.sched_getaffinity(0)))
    printing = threading.Lock()

    def run_and_show(lane: Lane) -> Result:
        with printing:
            console.print(f"lane {lane.name}: started", style="dim", highlight=False)
        result = run(lane)
        with printing:
            _show(result, console)
        return result

    with ThreadPoolExecutor(WAITING_LANES) as waiting, ThreadPoolExecutor(cores) as computing:
        running = [(waiting if lane.waits else computing).submit(run_and_show, lane) for lane in lanes]
        return [future.result() for future in running]


def passed(results: Sequence[Result], *, named: bool) -> bool:
    """Whether the whole run passed.

    Args:
        results: results of the lanes.
        named: whether the lanes were chosen by name; if not, lanes that this machine cannot run are ignored.
    """
    return all(result.ok or (bool(result.unsupported) and not named) for result in results)


def summary(results: Sequence[Result], seconds: float) -> Table:
    """Render the results with wall and CPU seconds of each lane and of all.

    Args:
        results: results of the lanes.
        seconds: wall time of the whole run.
    """
    table = Table("lane", "passed", "failed", "skipped", "seconds", "CPU seconds", "")
    for result in results:
        verdict = "[green]passed" if result.ok else "[red]failed" if result.failed else "[red]no test ran"
        if result.unsupported:
            verdict = "[yellow]not run"
        counts = (result.passed, result.failed, result.skipped)
        times = (f"{result.seconds:.1f}", f"{result.cpu_seconds:.1f}")
        table.add_row(result.lane.name, *map(str, counts), *times, verdict)
    if len(results) > 1:
        table.add_section()
        totals = (
            sum(each.passed for each in results),
            sum(each.failed for each in results),
            sum(each.skipped for each in results),
        )
        cpu_seconds = sum(each.cpu_seconds for each in results)
        table.add_row("all", *map(str, totals), f"{seconds:.1f}", f"{cpu_seconds:.1f}", "")
    return table


def slowest(results: Sequence[Result]) -> Table:
    """Render the slowest tests, including their fixtures."""
    table = Table("slowest tests", "lane", "seconds")
    tests = sorted(
        ((test.seconds, result.lane.name, test.name) for result in results for test in result.tests), reverse=True
    )
    for seconds, lane, name in tests[:SLOWEST_TESTS]:
        table.add_row(name, lane, f"{seconds:.1f}")
    return table


def closing_line(results: Sequence[Result], seconds: float) -> str:
    """Summarize the run in the form of pytest's last line."""
    totals = {
        "failed": sum(result.failed for result in results),
        "passed": sum(result.passed for result in results),
        "skipped": sum(result.skipped for result in results),
    }
    unsupported = [result.lane.name for result in results if result.unsupported]
    empty = [result.lane.name for result in results if not (result.ok or result.failed or result.unsupported)]
    words = ", ".join(f"{count} {name}" for name, count in totals.items() if count) or "no tests ran"
    notes = [f"no test ran in {', '.join(empty)}"] if empty else []
    notes += [f"not run here: {', '.join(unsupported)}"] if unsupported else []
    note = f" ({'; '.join(notes)})" if notes else ""
    return f"===== {words} in {seconds:.2f}s{note} ====="


def _show(result: Result, console: Console) -> None:
    if result.unsupported:
        console.print(f"lane {result.lane.name}: not run. {result.unsupported}", style="yellow", highlight=False)
        return
    line = next((line for line in reversed(result.output.splitlines()) if re.search(r" in [\d.]+s", line)), "")
    if not result.ok:
        console.rule(f"lane {result.lane.name}", style="red")
        console.print(result.output, markup=False, highlight=False)
    if table := table_of(result.lane):
        console.print(table, markup=False, highlight=False, soft_wrap=True)
    console.print(f"lane {result.lane.name}: {line.strip('= ') or 'did not finish'}", highlight=False)
