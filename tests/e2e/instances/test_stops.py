"""Stop the worker at random moments of its job; every video is processed exactly once."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from benchmarks.boot.groups import PORTAL, WORKER
from benchmarks.boot.region import BootedInstance, Region
from operations.local.clips import make_clip
from tests.e2e.instances.assertions import assert_each_processed_once, rows, wait_for, wait_until_settled
from tests.e2e.instances.instance_groups import RunningInstances
from tests.e2e.up.people import ApiUser

A_FEW, MANY = 3, 30
SEED = 20
"""Seed of the few stops; the many stops use a random one."""
_STATUS = "SELECT status FROM videos WHERE id::text = %s"
_SECOND_SIGNAL_SECONDS = 0.5


@pytest.mark.parametrize("stops", [A_FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_stopped_worker_processes_every_video_once(
    region: Region, running: RunningInstances, stops: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running.of(PORTAL)
    worker = running.of(WORKER)
    player = ApiUser(running.rollout.balancer.url, "Valentina", "Zipaquirá")
    assert player.sign_up().ok
    player.sign_in()
    clip = make_clip(tmp_path / "clip.mp4", seconds=12)
    seed = SEED if stops == A_FEW else random.randrange(2**32)
    moments = random.Random(seed)
    videos: list[str] = []

    def start_job() -> float:
        """Upload a video and wait until the worker claims it; return the time."""
        answer = player.upload(clip, "Robo y bandeja")
        assert answer.status_code == 201, answer.text
        videos.append(answer.json()["task_id"])
        wait_for(lambda: rows(region, _STATUS, videos[-1]) != [("uploaded",)], what="the worker claims the video")
        return time.monotonic()

    started = start_job()
    wait_until_settled(region, videos, seconds=120)
    undisturbed = time.monotonic() - started
    with capsys.disabled():
        print(f"\n{stops} stops in jobs of {undisturbed:.1f} s, seed {seed}")  # noqa: T201
    for number in range(stops):
        start_job()
        # One moment in each part of the job, so that few stops cover its start, middle and end. The first is the very
        # start: on a busy machine, a later one may find the job done, and the worker without a video to give back.
        time.sleep(undisturbed * (number + moments.random()) / stops if number else 0)
        stop(worker, force=number % 2 == 0)
        wait_until_settled(region, videos, seconds=180)
    assert_each_processed_once(region, videos)

    def journal() -> str:
        return worker.machine.journal("--unit", worker.group.unit, "--output=cat")

    # An idle worker logs it when its long poll of the queue ends, up to 20 s later.
    wait_for(lambda: journal().count('"stopping"') >= stops, what="the worker logs every stop")
    assert "video given back" in journal()


def stop(worker: BootedInstance, *, force: bool) -> None:
    """Stop the worker and start it again.

    Args:
        worker: the instance.
        force: send a second signal, as an instance without time left does: the worker gives its video back.
    """
    unit = worker.group.unit
    # Otherwise systemd counts the many restarts as failures of the program.
    assert worker.machine.execute("systemctl", "reset-failed", unit).returncode == 0
    if force:
        assert worker.machine.execute("systemctl", "restart", "--no-block", unit).returncode == 0
        time.sleep(_SECOND_SIGNAL_SECONDS)
        worker.machine.execute("systemctl", "kill", "--kill-whom=main", unit)
    else:
        assert worker.machine.execute("systemctl", "restart", unit, timeout=300).returncode == 0
