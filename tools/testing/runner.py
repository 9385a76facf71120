"""Runs a lane in a pytest process of its own and reads how it went."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from tools.testing.lanes import Lane, Tier
from workspace import paths
from workspace.errors import UnsupportedHost, UserError

GO_SETTINGS = {"GOGC": "off", "GOMEMLIMIT": "600MiB"}
"""Lets Terraform and its provider collect garbage only when they have grown large.

Their runs are short: of a plan and of showing it, garbage collection takes three tenths of the CPU time.
What the variables mean: https://go.dev/doc/gc-guide
"""
STUCK_SECONDS = 1200
"""A test that takes longer waits for something that never comes: the lane ends and prints each thread's stack."""
NO_TESTS_COLLECTED = 5
"""pytest's exit code."""


@dataclass(frozen=True, kw_only=True)
class TimedTest:
    """A test that ran.

    Args:
        name: pytest's, with its file.
        seconds: wall time, fixtures included.
    """

    name: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a lane went.

    Args:
        lane: which.
        passed, failed, skipped: numbers of tests; errors count as failed.
        seconds: wall time.
        cpu_seconds: user and system time of the lane and everything it started, daemons included.
        output: what to show when it did not pass.
        tests: those that ran.
        unsupported: why this machine cannot run the lane; empty where it did.
    """

    lane: Lane
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    output: str = ""
    tests: tuple[TimedTest, ...] = ()
    unsupported: str = ""

    @property
    def ok(self) -> bool:
        """Whether tests ran and none failed."""
        return self.passed > 0 and self.failed == 0


def run_lane(
    lane: Lane, folder: Path, root: Path, *, random_seeds: bool = False, stuck_seconds: float = STUCK_SECONDS
) -> Result:
    """Run a lane in a pytest process of its own.

    Args:
        lane: which.
        folder: gets its output and its report.
        root: the project's folder, where pytest starts.
        random_seeds: whether property-based tests try new examples; default: the same ones in each run.
        stuck_seconds: longest time for one test; lanes that run only by name have no limit.
    """
    started = time.monotonic()
    report, log, cpu = (folder / f"{lane.name}.{ending}" for ending in ("xml", "log", "cpu"))
    for file in (report, cpu, *([paths.CACHE_DIR / lane.table] if lane.table else [])):
        file.unlink(missing_ok=True)
    try:
        if lane.prepare:
            lane.prepare()
    except UnsupportedHost as problem:
        return Result(lane=lane, unsupported=problem.message)
    except UserError as problem:
        return Result(lane=lane, failed=1, output=problem.message)
    limit = ["-o", f"faulthandler_timeout={stuck_seconds}", "-o", "faulthandler_exit_on_timeout=true"]
    with log.open("wb") as output:
        code = subprocess.run(
            [
                *(sys.executable, "-m", "tools.testing.cpu_time", cpu),
                *(sys.executable, "-m", "pytest", *lane.folders, f"--junit-xml={report}"),
                *(["-m", lane.marker] if lane.marker else []),
                *(["--hypothesis-profile=random"] if random_seeds else []),
                *([] if lane.tier is Tier.EXPLICIT else limit),
            ],
            cwd=root,
            env={**GO_SETTINGS, **os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(paths.ROOT)])},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    passed, failed, skipped, tests = read_report(report)
    return Result(
        lane=lane,
        passed=passed,
        # A run that broke off, or a module that could not be read, is a failure even when no test says so.
        failed=failed or int(code not in (0, NO_TESTS_COLLECTED)),
        skipped=skipped,
        seconds=time.monotonic() - started,
        cpu_seconds=float(cpu.read_text()) if cpu.exists() else 0.0,
        output=log.read_text(errors="replace"),
        tests=tests,
    )


def read_report(report: Path) -> tuple[int, int, int, tuple[TimedTest, ...]]:
    """Numbers of passed, failed and skipped tests of a JUnit report, and each test; zeros when there is none."""
    if not report.exists():
        return 0, 0, 0, ()
    root = ElementTree.parse(report).getroot()
    tests, failures, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in root.iter("testsuite"))
        for name in ("tests", "failures", "errors", "skipped")
    )
    cases = tuple(
        TimedTest(name=f"{case.get('classname')}::{case.get('name')}", seconds=float(case.get("time", 0)))
        for case in root.iter("testcase")
    )
    return max(0, tests - failures - errors - skipped), failures + errors, skipped, cases


def table_of(lane: Lane) -> str:
    """The table a lane's tests wrote; empty where they wrote none."""
    file = paths.CACHE_DIR / lane.table if lane.table else None
    return file.read_text() if file and file.exists() else ""
