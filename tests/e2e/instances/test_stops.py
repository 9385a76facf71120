"""The worker is told to stop at random moments of its job, and every video is processed exactly once."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from benchmarks.boot.groups import PORTAL, WORKER
from benchmarks.boot.region import BootedInstance, Region
from operations.local.clips import make_clip
from tests.e2e.instances.assertions import assert_each_processed_once, rows, wait_for, wait_until_settled
from tests.e2e.instances.instance_groups import Fleet
from tests.e2e.up.people import Person

A_FEW, MANY = 3, 30
SEED = 20
"""Of the few stops; the many are at other moments in each run."""
_STATUS = "SELECT status FROM videos WHERE id::text = %s"
_TELL_AGAIN_SECONDS = 0.5


@pytest.mark.parametrize("stops", [A_FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_whenever_the_worker_is_stopped_every_video_is_processed_exactly_once(
    region: Region, fleet: Fleet, stops: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.of(PORTAL)
    worker = fleet.of(WORKER)
    player = Person(fleet.rollout.balancer.url, "Valentina", "Zipaquirá")
    assert player.sign_up().ok
    player.sign_in()
    clip = make_clip(tmp_path / "clip.mp4", seconds=12)
    seed = SEED if stops == A_FEW else random.randrange(2**32)
    moments = random.Random(seed)
    videos: list[str] = []

    def begin() -> float:
        """Upload a video and wait until the worker has taken it; gives when."""
        answer = player.upload(clip, "Robo y bandeja")
        assert answer.status_code == 201, answer.text
        videos.append(answer.json()["task_id"])
        wait_for(lambda: rows(region, _STATUS, videos[-1]) != [("uploaded",)], what="the worker takes the video")
        return time.monotonic()

    began = begin()
    wait_until_settled(region, videos, seconds=120)
    undisturbed = time.monotonic() - began
    with capsys.disabled():
        print(f"\n{stops} stops in jobs of {undisturbed:.1f} s, seed {seed}")  # noqa: T201
    for number in range(stops):
        begin()
        # One moment in each part of the job, so that few stops still meet its beginning, middle and end.
        time.sleep(undisturbed * (number + moments.random()) / stops)
        # The first is told twice: in the first part of its job it is still far from done when it has no time left.
        stop(worker, twice=number % 2 == 0)
        wait_until_settled(region, videos, seconds=180)
    assert_each_processed_once(region, videos)

    def said() -> str:
        return worker.machine.journal("--unit", worker.group.unit, "--output=cat")

    # A worker without a job says it when its question to the queue is answered, up to 20 s later.
    wait_for(lambda: said().count('"stopping"') >= stops, what="the worker says of every stop that it stops")
    assert "video given back" in said()


def stop(worker: BootedInstance, *, twice: bool) -> None:
    """Stop the worker and start it again.

    Args:
        worker: which.
        twice: tell it a second time, as an instance does that has no time left: it gives back what it holds.
    """
    unit = worker.group.unit
    # systemd would take many starts by hand for a program that keeps failing.
    assert worker.machine.execute("systemctl", "reset-failed", unit).returncode == 0
    if twice:
        assert worker.machine.execute("systemctl", "restart", "--no-block", unit).returncode == 0
        time.sleep(_TELL_AGAIN_SECONDS)
        worker.machine.execute("systemctl", "kill", "--kill-whom=main", unit)
    else:
        assert worker.machine.execute("systemctl", "restart", unit, timeout=300).returncode == 0
