"""The simulation uses the times that the benchmarks saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.boot.groups import WORKER
from benchmarks.boot.timing import Boot, medians
from benchmarks.encoding.jobs import CLIPS, Timing
from operations.simulate import measured


def test_boot_time_ends_when_auto_scaling_is_notified(tmp_path: Path) -> None:
    boots = [
        Boot(service=WORKER, moments={"first receive": 7.0, "Auto Scaling is notified": notified})
        for notified in (9.0, 9.4, 30.0)
    ]
    file = tmp_path / "boot.json"
    file.write_text(json.dumps({WORKER: medians(boots)}))

    assert measured.boot_seconds(file) == 9.4


def test_job_time_is_cpu_seconds_divided_by_busy_vcpus() -> None:
    assert Timing(clip=CLIPS[0], wall_seconds=40.0, cpu_seconds=19.0).seconds_alone == 10.0


def test_last_measurements_are_readable() -> None:
    assert 1 < measured.boot_seconds() < 300
    assert len(measured.job_seconds()) == len(CLIPS)
    assert all(0.1 < seconds < 600 for seconds in measured.job_seconds())


@pytest.mark.parametrize("number", range(len(CLIPS)))
def test_benchmark_clips_fit_the_upload_limit(number: int) -> None:
    clip = CLIPS[number]
    assert clip.megabits * clip.seconds / 8 <= 100
