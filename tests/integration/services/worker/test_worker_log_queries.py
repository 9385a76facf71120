"""Saved log queries match the log lines that workers write."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import create_engine
from structlog.testing import capture_logs
from world import WorkerWorld

from emulator import aws
from services.consumer import Consumer, ConsumerOptions, Message
from services.shared import storage
from services.shared.queue import REQUEST_ID
from services.worker.handler import VideoHandler
from services.worker.job import WorkerContext
from tests.log_query_words import Line, missing_from
from workspace.ports import free_port

Maker = Callable[..., Path]
not_interrupted = threading.Event()


@contextmanager
def captured_log() -> Iterator[list[Line]]:
    """Capture log lines with the common fields of a worker (tests/integration/services/shared/test_telemetry.py)."""
    lines: list[Line] = []
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as captured:
        yield lines
    structlog.contextvars.clear_contextvars()
    lines += [{"service": "worker", "level": line["log_level"], **line} for line in captured]


def process_message(context: WorkerContext, video_id: object, interrupted: threading.Event = not_interrupted) -> None:
    body = json.dumps({"video_id": str(video_id)})
    message = Message(id="m1", body=body, attributes={REQUEST_ID: "r1"}, receive_count=1, receipt="r")
    VideoHandler(context)(message, interrupted)
    structlog.contextvars.clear_contextvars()


def test_queries_match_lines_of_jobs(
    world: WorkerWorld, fast_context: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    text_file = tmp_path / "notes.mp4"
    text_file.write_text("no video")
    stopped = threading.Event()
    stopped.set()
    no_store = storage.MediaStore(aws.client("s3", free_port()), world.bucket)
    no_database = create_engine(f"postgresql+psycopg://none@127.0.0.1:{free_port()}/none")
    with captured_log() as lines:
        process_message(fast_context, world.upload(clip("320x240", seconds=1)))
        process_message(fast_context, world.upload(text_file))
        process_message(fast_context, world.upload(clip("320x240", seconds=1)), stopped)
        process_message(dataclasses.replace(fast_context, store=no_store), world.upload(clip("320x240", seconds=1)))
        process_message(dataclasses.replace(fast_context, engine=no_database), world.uploads[0])

    assert missing_from("why-videos-failed", lines) == set()
    assert missing_from("seconds-a-video-takes", lines) == set()
    assert missing_from("one-video", lines) == set()
    assert missing_from("one-request", lines) == {"route", "status", "exception"}, "written by the portal"
    assert missing_from("services-away", lines) == {
        *("queue cannot be read", "a service the portal needs did not answer"),
    }, "written by the consumer and the portal"


def run_consumer(sqs: Any, queue_url: str, handler: Any, event: str, lines: list[Any]) -> None:
    """Run a consumer until it has logged an event."""
    consumer = Consumer(
        sqs,
        ConsumerOptions(
            queue_url=queue_url, concurrency=1, visibility_seconds=10, max_message_seconds=60, poll_seconds=1
        ),
        handler,
    )
    running = threading.Thread(target=consumer.run)
    running.start()
    for _ in range(600):
        if any(line["event"] == event for line in lines):
            break
        threading.Event().wait(0.1)
    consumer.stop()
    running.join(60)


def test_queries_match_lines_of_consumer(world: WorkerWorld, fast_context: WorkerContext) -> None:
    world.sqs.send_message(QueueUrl=world.queue_url, MessageBody="no video")
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as captured:
        run_consumer(world.sqs, world.queue_url, VideoHandler(fast_context), "unreadable message", captured)
        unreachable = aws.client("sqs", free_port())
        run_consumer(unreachable, world.queue_url, VideoHandler(fast_context), "queue cannot be read", captured)
    lines: list[Line] = [{"service": "worker", "level": line["log_level"], **line} for line in captured]

    unreadable = [line for line in lines if line["event"] == "unreadable message"]
    assert {"message_id", "receive_count", "error"} <= set(unreadable[0])
    assert missing_from("why-videos-came-back", lines) == {
        *("video given back", "video not processed this time", "video_id", "why"),
    }, "written by the jobs"
    assert "queue cannot be read" not in missing_from("services-away", lines)


def test_released_jobs_log_a_reason(world: WorkerWorld, fast_context: WorkerContext, clip: Maker) -> None:
    no_store = storage.MediaStore(aws.client("s3", free_port()), world.bucket)
    with captured_log() as lines:
        process_message(dataclasses.replace(fast_context, store=no_store), world.upload(clip("320x240", seconds=1)))

    assert missing_from("why-videos-came-back", lines) == {"unreadable message", "message_id", "receive_count"}, (
        "written by the consumer"
    )
