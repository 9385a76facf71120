"""Metrics of the worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from world import WorkerWorld

from emulator import aws
from services.shared.emf_metrics import EmfMetrics
from services.shared.queue import VideoQueue
from services.worker.__main__ import MetricsReporter
from services.worker.job import WorkerContext, process
from workspace.ports import free_port


def test_jobs_are_counted_by_result(
    world: WorkerWorld, context: WorkerContext, clip: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    for path in (clip("320x240", seconds=1), tmp_path / "text.mp4"):
        process(context, world.upload(path), threading.Event())
    stopped = threading.Event()
    stopped.set()
    process(context, world.upload(clip("320x240", seconds=1)), stopped)
    metrics = context.metrics.take()
    assert metrics is not None
    assert [metrics[f"Jobs{result}"] for result in ("Processed", "Failed", "GivenBack")] == [1, 1, 1]
    assert len(metrics["JobSeconds"]) == 1 and metrics["JobSeconds"][0] > 0
    assert len(metrics["JobEncoding"]) == 1 and 0 < metrics["JobEncoding"][0] <= 100


def test_queue_length_is_reported_and_queue_errors_are_logged(
    world: WorkerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = EmfMetrics("test", "worker")
    world.sqs.send_message(QueueUrl=world.queue_url, MessageBody="{}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.endpoint(free_port()))
    unreachable = VideoQueue(aws.client("sqs", free_port()), world.queue_url)
    with capture_logs() as lines:
        MetricsReporter(metrics, unreachable).report()
        MetricsReporter(metrics, VideoQueue(world.sqs, world.queue_url)).report()
    assert [line["event"] for line in lines] == ["the queue's length cannot be asked for", "measures"]
    assert lines[1]["QueueWaiting"] == 1
    assert "WorkWaiting" not in lines[1]


def test_backlog_is_reported_in_seconds_after_first_video(world: WorkerWorld) -> None:
    metrics = EmfMetrics("test", "worker")
    metrics.sample("JobSeconds", 24)
    for _ in range(2):
        world.sqs.send_message(QueueUrl=world.queue_url, MessageBody="{}")
    with capture_logs() as lines:
        MetricsReporter(metrics, VideoQueue(world.sqs, world.queue_url)).report()
    assert lines[0]["WorkWaiting"] == 48
