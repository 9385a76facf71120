"""Runs ffmpeg and measures its resource usage."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workspace.errors import UserError


@dataclass(frozen=True, kw_only=True)
class ResourceUsage:
    """Resources used by a function and its child processes.

    Args:
        wall_seconds: elapsed time.
        cpu_seconds: CPU time of all cores.
    """

    wall_seconds: float
    cpu_seconds: float


def run(command: Sequence[str | Path], *, folder: Path | None = None) -> str:
    """Run a program and return its standard error.

    Raises:
        UserError: the program failed.
    """
    result = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise UserError(f"ffmpeg failed: {result.stderr.strip()[-500:]}")
    return result.stderr


def measure_usage(work: Callable[[], object]) -> ResourceUsage:
    """Call a function and return the resources used by it and its child processes."""
    started, cpu_started = time.perf_counter(), _cpu_seconds()
    work()
    return ResourceUsage(wall_seconds=time.perf_counter() - started, cpu_seconds=_cpu_seconds() - cpu_started)


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
