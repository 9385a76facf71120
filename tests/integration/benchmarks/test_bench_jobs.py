"""`anb bench jobs`: the worker's real pipeline, on a real clip."""

from __future__ import annotations

import pytest

from benchmarks.encoding import jobs
from benchmarks.encoding.jobs import BenchmarkClip
from workspace.errors import UserError


def test_a_clip_is_made_processed_and_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    small = BenchmarkClip(name="small", size="320x240", rate=30, seconds=2, megabits=1)
    monkeypatch.setattr(jobs, "CLIPS", (small,))
    told: list[str] = []
    (timing,) = jobs.measure(rounds=1, told=told.append)

    assert (timing.clip, told) == (small, ["small"])
    # The encoder works in processes of its own, and they are counted: more than a look at a file takes.
    assert timing.processor > 0.1
    assert timing.wall > 0.1


def test_a_clip_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = BenchmarkClip(name="wrong", size="0x0", rate=30, seconds=2, megabits=1)
    monkeypatch.setattr(jobs, "CLIPS", (wrong,))
    with pytest.raises(UserError, match="^The clip wrong could not be made: "):
        jobs.measure(rounds=1, told=lambda _: None)
