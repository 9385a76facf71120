"""Redrive of dead letters after a fault, and workers with a wrong clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from world import WorkerProcess, WorkerWorld

from services.videos.dead_letters import redrive
from services.videos.stale_videos import MAX_REQUEUES, recover_stale_videos
from tests.integration.faults.invariants import settle, wait_until, wait_until_encoding
from tests.integration.faults.matrix import Fault
from tests.integration.faults.test_workers_dying import start_ready
from tests.integration.faults.toxics import Proxy

Start = Callable[..., WorkerProcess]
SKEWED = str(Path(__file__).with_name("skewed_worker.py"))
DAY = 86_400


@pytest.mark.parametrize("given_up", [False, True])
def test_w15_dead_letters_redriven_after_fault(
    fault: Fault,
    world: WorkerWorld,
    engine: Engine,
    start_worker: Start,
    proxied: Callable[[int], Proxy],
    aws_port: int,
    listening: Any,
    short_clip: Path,
    given_up: bool,
) -> None:
    bucket = proxied(aws_port)
    worker = start_ready(start_worker, listening, variables={"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{bucket.port}"})
    world.allow_receives(1)
    with bucket.reset_peer():
        videos = [world.upload(short_clip) for _ in range(2)]
        wait_until(lambda: world.message_counts(world.dead_queue_url) == (2, 0))
    assert {world.video(video_id).status for video_id in videos} == {"uploaded"}
    if given_up:
        with engine.begin() as connection:
            connection.execute(text("UPDATE task_results SET sweeps = :most"), {"most": MAX_REQUEUES})
            swept = recover_stale_videos(connection, stale_after_seconds=0, queue_is_empty=True)
            assert {(each.video_id, each.given_up) for each in swept} == {(video_id, True) for video_id in videos}
    fault.end()
    moved = list(redrive(engine, world.sqs, world.queue_url, reason="the bucket is back", operator="ana", most=10))
    assert {letter.video_id for letter in moved} == set(videos)
    settle(world, fault, worker)
    assert {world.video(video_id).status for video_id in videos} == {"processed"}
    with engine.connect() as connection:
        recorded = connection.execute(text("SELECT video_id, operator, reason FROM redrives"))
        assert {tuple(row) for row in recorded} == {(video_id, "ana", "the bucket is back") for video_id in videos}


def test_w16_clock_off_by_a_day(
    fault: Fault, world: WorkerWorld, start_worker: Start, start_slow: Start, long_clip: Path, short_clip: Path
) -> None:
    video_id = world.upload(long_clip)
    holder = start_slow()
    wait_until_encoding(world)
    skewed = [start_worker(program=(SKEWED, str(days * DAY))) for days in (1, -1)]
    fault.end()
    # Each receives a message of the claimed video, and one of its own.
    for _ in skewed:
        world.send_message(video_id)
        world.upload(short_clip)
    settle(world, fault, holder, *skewed)
    assert [world.attempts(each) for each in world.uploads] == [1, 1, 1]
    dates = {line["timestamp"][:10] for worker in (holder, *skewed) for line in worker.log_lines("worker started")}
    assert len(dates) == 3, "the clocks were not wrong"
