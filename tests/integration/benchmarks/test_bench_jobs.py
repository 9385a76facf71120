"""`./anb bench jobs` with a small clip."""

from __future__ import annotations

import pytest

from benchmarks.encoding import jobs
from benchmarks.encoding.jobs import BenchmarkClip
from workspace.errors import UserError


def test_clip_is_processed_and_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    small = BenchmarkClip(name="small", size="320x240", rate=30, seconds=2, megabits=1)
    monkeypatch.setattr(jobs, "CLIPS", (small,))
    progress: list[str] = []
    (timing,) = jobs.measure(rounds=1, on_progress=progress.append)

    assert (timing.clip, progress) == (small, ["small"])
    # Child processes are counted: more than a probe takes.
    assert timing.cpu_seconds > 0.1
    assert timing.wall_seconds > 0.1


def test_clip_creation_failure_is_a_user_error(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = BenchmarkClip(name="wrong", size="0x0", rate=30, seconds=2, megabits=1)
    monkeypatch.setattr(jobs, "CLIPS", (wrong,))
    with pytest.raises(UserError, match="^The clip wrong could not be created: "):
        jobs.measure(rounds=1, on_progress=lambda _: None)
