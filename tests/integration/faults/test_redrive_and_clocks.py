"""Dead letters go back once the fault is mended, and a clock that is wrong takes nobody's work away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from world import WorkerProcess, World

from services.videos.dead_letters import redrive
from services.videos.stale_videos import MAX_REQUEUES, recover_stale_videos
from tests.integration.faults.invariants import begun, settle, until
from tests.integration.faults.matrix import Fault
from tests.integration.faults.test_workers_dying import start_ready
from tests.integration.faults.toxics import Proxy

Start = Callable[..., WorkerProcess]
SKEWED = str(Path(__file__).with_name("skewed_worker.py"))
DAY = 86_400


@pytest.mark.parametrize("given_up", [False, True])
def test_w15_dead_letters_moved_back_after_the_fault_was_mended(
    fault: Fault,
    world: World,
    engine: Engine,
    start_worker: Start,
    proxied: Callable[[int], Proxy],
    aws_port: int,
    listening: Any,
    short: Path,
    given_up: bool,
) -> None:
    bucket = proxied(aws_port)
    worker = start_ready(start_worker, listening, variables={"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{bucket.port}"})
    world.allow_receives(1)
    with bucket.reset_peer():
        videos = [world.upload(short) for _ in range(2)]
        until(lambda: world.waiting(world.dead_queue_url) == (2, 0))
    assert {world.video(video_id).status for video_id in videos} == {"uploaded"}
    if given_up:
        with engine.begin() as connection:
            connection.execute(text("UPDATE task_results SET sweeps = :most"), {"most": MAX_REQUEUES})
            swept = recover_stale_videos(connection, stale_after_seconds=0, queue_is_empty=True)
            assert {(each.video_id, each.given_up) for each in swept} == {(video_id, True) for video_id in videos}
    fault.ends()
    moved = list(redrive(engine, world.sqs, world.queue_url, reason="the bucket is back", operator="ana", most=10))
    assert {letter.video_id for letter in moved} == set(videos)
    settle(world, fault, worker)
    assert {world.video(video_id).status for video_id in videos} == {"processed"}
    with engine.connect() as connection:
        recorded = connection.execute(text("SELECT video_id, operator, reason FROM redrives"))
        assert {tuple(row) for row in recorded} == {(video_id, "ana", "the bucket is back") for video_id in videos}


def test_w16_clock_that_is_a_day_wrong(
    fault: Fault, world: World, start_worker: Start, start_slow: Start, long: Path, short: Path
) -> None:
    video_id = world.upload(long)
    holder = start_slow()
    begun(world)
    skewed = [start_worker(program=(SKEWED, str(days * DAY))) for days in (1, -1)]
    fault.ends()
    # Each hears of the video that is held, and has one of its own.
    for _ in skewed:
        world.ask_for(video_id)
        world.upload(short)
    settle(world, fault, holder, *skewed)
    assert [world.attempts(each) for each in world.uploads] == [1, 1, 1]
    stamps = {line["timestamp"][:10] for worker in (holder, *skewed) for line in worker.said("worker started")}
    assert len(stamps) == 3, "the clocks were not wrong"
