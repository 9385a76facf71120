"""Measured boot and job times of workers, read from the benchmark tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workspace import paths

BOOT = paths.ROOT / "benchmarks/boot.md"
JOBS = paths.ROOT / "benchmarks/jobs.md"

BUSY_VCPUS = 1.9
"""vCPUs, of an instance's two, that one job keeps busy: docs/decisions/0012-sqs-consumer.md"""

_READY = "Auto Scaling is notified"


def boot_seconds(file: Path = BOOT) -> float:
    """Return the seconds from a worker's start until Auto Scaling is notified, measured by `./anb bench boot`."""
    (row,) = [cells for cells in _rows(file, "worker") if cells[0] == _READY]
    return float(row[1])


def job_seconds(file: Path = JOBS) -> list[float]:
    """Return the processing time in seconds of each kind of video, measured by `./anb bench jobs`."""
    return [float(cells[-1]) for cells in _rows(file, "Jobs")]


def _rows(file: Path, section: str) -> Iterator[list[str]]:
    """Yield the table rows of a section, without the header."""
    in_section = in_table = False
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            in_section, in_table = line.lstrip("# ") == section, False
        elif in_section and line.startswith("| ---"):
            in_table = True
        elif in_section and in_table and line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]
