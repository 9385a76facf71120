"""Tables and targets of `./anb bench`. Measurements: tests/integration/benchmarks."""

from __future__ import annotations

import pytest

from benchmarks.command import CPU_TIME, TOTAL, SynthRun, render_table, run_synth
from benchmarks.encoding import jobs
from benchmarks.encoding.jobs import BenchmarkClip, Timing
from benchmarks.load import targets
from benchmarks.load.targets import TargetResult
from workspace.errors import UserError


def test_failed_synth_shows_the_apps_error() -> None:
    with pytest.raises(UserError, match="could not be synthesized:\n(.|\n)*ANB_API_MIN_SIZE"):
        run_synth({"ANB_API_MIN_SIZE": "0"})


def test_synth_table_has_medians_and_ratio() -> None:
    def runs(*seconds: float) -> list[SynthRun]:
        return [
            SynthRun(parts={"build": total / 2, TOTAL: total, CPU_TIME: total * 1.5}, resources=79) for total in seconds
        ]

    first, _, *rest = render_table(runs(2, 1, 9), runs(24, 90, 22)).splitlines()
    assert first == "79 resources; medians of 3 alternating runs of each, in seconds."
    assert rest == [
        "",
        "| | as built | shims off |",
        "| --- | ---: | ---: |",
        "| build | 1.000 | 12.000 |",
        "| whole process | 2.000 | 24.000 |",
        "| CPU time, all cores | 3.000 | 36.000 |",
        "",
        "12.0 times as fast, with 12.0 times less CPU time.",
    ]


def test_unmet_target_is_shown() -> None:
    table = targets.render_table(
        [
            TargetResult(description="fast", measured="slow", met=False),
            TargetResult(description="flat", measured="flat", met=True),
        ]
    )
    assert table.splitlines()[2:] == ["| fast | slow | no |", "| flat | flat | yes |"]


def test_job_table_has_wall_time_cpu_time_and_instance_time() -> None:
    timing = Timing(
        clip=BenchmarkClip(name="long", size="1920x1080", rate=30, seconds=30, megabits=17),
        wall_seconds=31.6,
        cpu_seconds=19,
    )

    assert jobs.render_table([timing]).splitlines() == [
        "| clip | seconds here | CPU seconds | seconds alone on an instance |",
        "| --- | ---: | ---: | ---: |",
        "| long | 31.6 | 19.0 | 10.0 |",
    ]


def test_targets_are_evaluated_from_results() -> None:
    # Imported here, because importing the worker slows down test collection.
    from benchmarks.encoding import report, variants
    from benchmarks.encoding.report import ReportRow

    def row(wall: float, size: int, vmaf: float) -> ReportRow:
        return ReportRow(wall_seconds=wall, cpu_seconds=1, size=size, vmaf=vmaf)

    rows = {variants.WORKER: row(10.9, 49, 95), variants.COMMAND: row(10, 49, 95), variants.ORIGINAL: row(10, 100, 94)}
    results = report._targets("clip", rows)
    assert [target.met for target in results] == [False, True, True, False]
    assert results[0].description == "clip: at most 1.05 times the command alone plus 0.3 s, 10.80 s"
