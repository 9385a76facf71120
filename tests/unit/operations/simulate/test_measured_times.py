"""Measured times are read from the benchmark tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.boot.groups import WORKER
from benchmarks.boot.timing import Boot, render_table
from benchmarks.encoding.jobs import CLIPS, Timing
from benchmarks.encoding.jobs import render_table as render_jobs_table
from operations.simulate import measured


def test_boot_time_ends_when_auto_scaling_is_notified(tmp_path: Path) -> None:
    moments = {"first receive": 7.0, "Auto Scaling is notified": 9.4}
    boots = render_table([Boot(service=WORKER, moments=moments)])
    others = render_table([Boot(service=WORKER, moments={"Auto Scaling is notified": 5.0})])
    file = tmp_path / "boot.md"
    file.write_text(f"# Boot\n\n## portal\n\n{others}\n\n## worker\n\nIts release is large.\n\n{boots}\n")

    assert measured.boot_seconds(file) == 9.4


def test_job_time_is_cpu_seconds_divided_by_busy_cpus(tmp_path: Path) -> None:
    timings = [Timing(clip=clip, wall_seconds=40.0, cpu_seconds=19.0 * number) for number, clip in enumerate(CLIPS, 1)]
    file = tmp_path / "jobs.md"
    file.write_text(f"# Jobs\n\nMeasured by `./anb bench jobs`.\n\n{render_jobs_table(timings)}\n")

    assert measured.job_seconds(file) == [10.0 * number for number in range(1, len(CLIPS) + 1)]


def test_last_measurements_are_readable() -> None:
    assert 1 < measured.boot_seconds() < 300
    assert len(measured.job_seconds()) == len(CLIPS)
    assert all(0.1 < seconds < 600 for seconds in measured.job_seconds())


@pytest.mark.parametrize("number", range(len(CLIPS)))
def test_benchmark_clips_fit_the_upload_limit(number: int) -> None:
    clip = CLIPS[number]
    assert clip.megabits * clip.seconds / 8 <= 100
