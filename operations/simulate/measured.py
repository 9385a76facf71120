"""Measured boot and job times of workers."""

from __future__ import annotations

import json
from pathlib import Path

from workspace import paths

BOOT = paths.ROOT / "benchmarks/boot.json"
JOBS = paths.ROOT / "benchmarks/jobs.json"

BUSY_VCPUS = 1.9
"""vCPUs, of an instance's two, that one job keeps busy: docs/decisions/0012-sqs-consumer.md"""


def boot_seconds(file: Path = BOOT) -> float:
    """Return the seconds from a worker's start until Auto Scaling is notified, measured by `./anb bench boot`."""
    return float(json.loads(file.read_text(encoding="utf-8"))["worker"]["Auto Scaling is notified"])


def job_seconds(file: Path = JOBS) -> list[float]:
    """Return the processing time in seconds of each kind of video, measured by `./anb bench jobs`."""
    return [float(seconds) for seconds in json.loads(file.read_text(encoding="utf-8")).values()]
