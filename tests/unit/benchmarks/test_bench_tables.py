"""The tables of `./anb bench`, and when a goal is met. What really measures: tests/integration/benchmarks."""

from __future__ import annotations

import pytest

from benchmarks.command import PROCESSOR, TOTAL, Synth, run_synth
from benchmarks.command import table as bench_table
from benchmarks.encoding import jobs
from benchmarks.encoding.jobs import BenchmarkClip, Timing
from benchmarks.load import targets
from benchmarks.load.targets import Goal
from workspace.errors import UserError


def test_a_synth_that_fails_is_told_in_the_apps_words() -> None:
    with pytest.raises(UserError, match="could not be synthesized:\n(.|\n)*ANB_API_MIN_SIZE"):
        run_synth({"ANB_API_MIN_SIZE": "0"})


def test_the_table_of_synths_holds_medians_and_their_ratio() -> None:
    def runs(*seconds: float) -> list[Synth]:
        return [Synth(parts={"build": each / 2, TOTAL: each, PROCESSOR: each * 1.5}, resources=79) for each in seconds]

    first, _, *rest = bench_table(runs(2, 1, 9), runs(24, 90, 22)).splitlines()
    assert first == "79 resources; medians of 3 runs of each, in turn, in seconds."
    assert rest == [
        "",
        "| | as built | shims off |",
        "| --- | ---: | ---: |",
        "| build | 1.000 | 12.000 |",
        "| whole process | 2.000 | 24.000 |",
        "| processor time, all cores | 3.000 | 36.000 |",
        "",
        "12.0 times as fast, with 12.0 times less work.",
    ]


def test_a_goal_that_is_not_met_says_so() -> None:
    told = targets.table([Goal(wanted="fast", found="slow", met=False), Goal(wanted="flat", found="flat", met=True)])
    assert told.splitlines()[2:] == ["| fast | slow | no |", "| flat | flat | yes |"]


def test_the_table_of_jobs_holds_the_clock_the_processors_and_the_time_on_an_instance() -> None:
    timing = Timing(
        clip=BenchmarkClip(name="long", size="1920x1080", rate=30, seconds=30, megabits=17), wall=31.6, processor=19
    )

    assert jobs.table([timing]).splitlines() == [
        "| clip | by the clock here | processor seconds | seconds alone on an instance |",
        "| --- | ---: | ---: | ---: |",
        "| long | 31.6 | 19.0 | 10.0 |",
    ]


def test_goals_are_met_by_figures_alone() -> None:
    # Imported here, with the whole worker: collecting the tests should not wait for it.
    from benchmarks.encoding import report, variants
    from benchmarks.encoding.report import ReportRow

    def row(wall: float, size: int, vmaf: float) -> ReportRow:
        return ReportRow(wall=wall, processor=1, size=size, vmaf=vmaf)

    rows = {variants.OURS: row(10.9, 49, 95), variants.BARE: row(10, 49, 95), variants.ORIGINAL: row(10, 100, 94)}
    told = report._goals("clip", rows)
    assert [goal.met for goal in told] == [False, True, True, False]
    assert told[0].wanted == "clip: at most 1.05 of the bare command and 0.3 s, 10.80 s"
