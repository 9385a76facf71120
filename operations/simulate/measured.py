"""What was measured of the workers: how long one boots, and how long its jobs take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workspace import paths

BOOT = paths.ROOT / "benchmarks/boot.md"
JOBS = paths.ROOT / "benchmarks/jobs.md"

BUSY_VCPUS = 1.9
"""Processors, of an instance's two, that one job keeps busy: docs/decisions/0012-sqs-consumer.md"""

_READY = "Auto Scaling is notified"


def boot_seconds(file: Path = BOOT) -> float:
    """From the start of a worker's machine until Auto Scaling is told that it works, as `./anb bench boot` saw it."""
    (row,) = [cells for cells in _rows(file, "worker") if cells[0] == _READY]
    return float(row[1])


def job_seconds(file: Path = JOBS) -> list[float]:
    """How long a worker alone on its machine takes for a video, for each kind `./anb bench jobs` tried."""
    return [float(cells[-1]) for cells in _rows(file, "Jobs")]


def _rows(file: Path, section: str) -> Iterator[list[str]]:
    """The rows of the table in a section, without its head."""
    inside = rows = False
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            inside, rows = line.lstrip("# ") == section, False
        elif inside and line.startswith("| ---"):
            rows = True
        elif inside and rows and line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]
