"""Run a lane in its own pytest process and read its results."""

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
"""Let Terraform and its provider collect garbage only when they use much memory.

Their runs are short; garbage collection takes 30 % of the CPU time of a plan and of showing it.
Meaning of the variables: https://go.dev/doc/gc-guide
"""
STUCK_SECONDS = 1200
"""Limit for one test; beyond it the lane prints each thread's stack and exits."""
NO_TESTS_COLLECTED = 5
"""Exit code of pytest."""


@dataclass(frozen=True, kw_only=True)
class TimedTest:
    """Duration of a test.

    Args:
        name: pytest's name, with the module.
        seconds: wall time, including fixtures.
    """

    name: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """Result of a lane.

    Args:
        lane: the lane.
        passed, failed, skipped: number of tests; errors count as failed.
        seconds: wall time.
        cpu_seconds: user and system time of the lane and its descendants, including daemons.
        output: text to show if the lane did not pass.
        tests: duration of each test.
        unsupported: reason why this machine cannot run the lane; empty if it can.
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
    """Run a lane in its own pytest process.

    Args:
        lane: lane to run.
        folder: output folder for log and report.
        root: the project's folder, where pytest starts.
        random_seeds: whether property-based tests try new examples; by default each run tries the same ones.
        stuck_seconds: limit for one test; lanes that run only by name have none.
    """
    started = time.monotonic()
    report, log, cpu = (folder / f"{lane.name}.{ending}" for ending in ("xml", "log", "cpu"))
    for file in (report, cpu, *([paths.CACHE_DIR / lane.table] if lane.table else [])):
        file.unlink(missing_ok=True)
    try:
        if lane.prepare:
            lane.prepare()
    except UnsupportedHost as error:
        return Result(lane=lane, unsupported=error.message)
    except UserError as error:
        return Result(lane=lane, failed=1, output=error.message)
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
        # A crashed run or a module that cannot be imported is a failure, even if no test failed.
        failed=failed or int(code not in (0, NO_TESTS_COLLECTED)),
        skipped=skipped,
        seconds=time.monotonic() - started,
        cpu_seconds=float(cpu.read_text()) if cpu.exists() else 0.0,
        output=log.read_text(errors="replace"),
        tests=tests,
    )


def read_report(report: Path) -> tuple[int, int, int, tuple[TimedTest, ...]]:
    """Read passed, failed and skipped counts and the tests from a JUnit report; zeros if it is missing."""
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
    """Read the table that the lane's tests wrote; empty if there is none."""
    file = paths.CACHE_DIR / lane.table if lane.table else None
    return file.read_text() if file and file.exists() else ""
