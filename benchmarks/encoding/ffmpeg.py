"""Runs ffmpeg, and tells what it took."""

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
    """What a piece of work took.

    Args:
        wall: seconds by the clock.
        processor: seconds of the processor's cores together.
    """

    wall: float
    processor: float


def run(command: Sequence[str | Path], *, folder: Path | None = None) -> str:
    """Run a program; returns what it said on standard error.

    Raises:
        UserError: it failed.
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


def cost_of(work: Callable[[], object]) -> ResourceUsage:
    """Do a piece of work, and tell what it and the programs that it ran took."""
    started, used = time.perf_counter(), _processor()
    work()
    return ResourceUsage(wall=time.perf_counter() - started, processor=_processor() - used)


def _processor() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
