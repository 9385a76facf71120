"""What the saved queries ask of the workers' log, the workers write: their lines are made and looked at."""

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
from world import World

from emulator import aws
from services.consumer import Consumer, ConsumerOptions, Message
from services.shared import storage
from services.shared.queue import REQUEST_ID
from services.worker.handler import VideoHandler
from services.worker.job import WorkerContext
from tests.log_query_words import Line, unanswered
from workspace.ports import free_port

Maker = Callable[..., Path]
never = threading.Event()


@contextmanager
def log_of_worker() -> Iterator[list[Line]]:
    """The lines of a worker, with what each of its lines has (tests/integration/services/shared/test_telemetry.py)."""
    lines: list[Line] = []
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as captured:
        yield lines
    structlog.contextvars.clear_contextvars()
    lines += [{"service": "worker", "level": line["log_level"], **line} for line in captured]


def work_on(bench: WorkerContext, video_id: object, interrupted: threading.Event = never) -> None:
    body = json.dumps({"video_id": str(video_id)})
    message = Message(id="m1", body=body, attributes={REQUEST_ID: "r1"}, receive_count=1, receipt="r")
    VideoHandler(bench)(message, interrupted)
    structlog.contextvars.clear_contextvars()


def test_videos_that_were_made_failed_and_came_back(
    world: World, quick_bench: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    text_file = tmp_path / "notes.mp4"
    text_file.write_text("no video")
    stopped = threading.Event()
    stopped.set()
    no_store = storage.MediaStore(aws.client("s3", free_port()), world.bucket)
    no_database = create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")
    with log_of_worker() as lines:
        work_on(quick_bench, world.upload(clip("320x240", seconds=1)))
        work_on(quick_bench, world.upload(text_file))
        work_on(quick_bench, world.upload(clip("320x240", seconds=1)), stopped)
        work_on(dataclasses.replace(quick_bench, store=no_store), world.upload(clip("320x240", seconds=1)))
        work_on(dataclasses.replace(quick_bench, engine=no_database), world.uploads[0])

    assert unanswered("why-videos-failed", lines) == set()
    assert unanswered("seconds-a-video-takes", lines) == set()
    assert unanswered("one-video", lines) == set()
    assert unanswered("one-request", lines) == {"route", "status", "exception"}, "which the portal writes"
    assert unanswered("services-away", lines) == {
        *("queue cannot be read", "a service the portal needs did not answer"),
    }, "which are the consumer's and the portal's"


def run_consumer(sqs: Any, queue_url: str, handler: Any, seen: str, lines: list[Any]) -> None:
    """Run a consumer until it has written a line."""
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
        if any(line["event"] == seen for line in lines):
            break
        threading.Event().wait(0.1)
    consumer.stop()
    running.join(60)


def test_messages_that_nobody_understands_and_a_queue_that_does_not_answer(
    world: World, quick_bench: WorkerContext
) -> None:
    world.sqs.send_message(QueueUrl=world.queue_url, MessageBody="no video")
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as captured:
        run_consumer(world.sqs, world.queue_url, VideoHandler(quick_bench), "unreadable message", captured)
        nowhere = aws.client("sqs", free_port())
        run_consumer(nowhere, world.queue_url, VideoHandler(quick_bench), "queue cannot be read", captured)
    lines: list[Line] = [{"service": "worker", "level": line["log_level"], **line} for line in captured]

    unreadable = [line for line in lines if line["event"] == "unreadable message"]
    assert {"message_id", "receive_count", "error"} <= set(unreadable[0])
    assert unanswered("why-videos-came-back", lines) == {
        *("video given back", "video not processed this time", "video_id", "why"),
    }, "which are the jobs'"
    assert "queue cannot be read" not in unanswered("services-away", lines)


def test_jobs_that_came_back_say_why(world: World, quick_bench: WorkerContext, clip: Maker) -> None:
    no_store = storage.MediaStore(aws.client("s3", free_port()), world.bucket)
    with log_of_worker() as lines:
        work_on(dataclasses.replace(quick_bench, store=no_store), world.upload(clip("320x240", seconds=1)))

    assert unanswered("why-videos-came-back", lines) == {"unreadable message", "message_id", "receive_count"}, (
        "which are the consumer's"
    )
