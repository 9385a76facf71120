"""What the worker tells CloudWatch of its work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from world import World

from emulator import aws
from services.shared.emf_metrics import EmfMetrics
from services.shared.queue import VideoQueue
from services.worker.job import WorkerContext, process
from services.worker.reporter import Reporter
from workspace.ports import free_port


def test_jobs_are_counted_by_their_result(
    world: World, bench: WorkerContext, clip: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    for path in (clip("320x240", seconds=1), tmp_path / "text.mp4"):
        process(bench, world.upload(path), threading.Event())
    stopped = threading.Event()
    stopped.set()
    process(bench, world.upload(clip("320x240", seconds=1)), stopped)
    told = bench.measures.take()
    assert told is not None
    assert [told[f"Jobs{result}"] for result in ("Processed", "Failed", "GivenBack")] == [1, 1, 1]
    assert len(told["JobSeconds"]) == 1 and told["JobSeconds"][0] > 0
    assert len(told["JobEncoding"]) == 1 and 0 < told["JobEncoding"][0] <= 100


def test_what_waits_is_told_and_a_queue_that_is_away_stops_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures = EmfMetrics("test", "worker")
    world.sqs.send_message(QueueUrl=world.queue_url, MessageBody="{}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.endpoint(free_port()))
    away = VideoQueue(aws.client("sqs", free_port()), world.queue_url)
    with capture_logs() as lines:
        Reporter(measures, away).report()
        Reporter(measures, VideoQueue(world.sqs, world.queue_url)).report()
    assert [line["event"] for line in lines] == ["the queue's length cannot be asked for", "measures"]
    assert lines[1]["QueueWaiting"] == 1
    assert "WorkWaiting" not in lines[1]


def test_what_waits_is_told_in_seconds_of_work_once_a_video_was_timed(world: World) -> None:
    measures = EmfMetrics("test", "worker")
    measures.sample("JobSeconds", 24)
    for _ in range(2):
        world.sqs.send_message(QueueUrl=world.queue_url, MessageBody="{}")
    with capture_logs() as lines:
        Reporter(measures, VideoQueue(world.sqs, world.queue_url)).report()
    assert lines[0]["WorkWaiting"] == 48
