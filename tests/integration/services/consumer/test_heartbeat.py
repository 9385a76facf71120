"""A message stays hidden for as long as its work goes on, and no longer."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

from botocore.exceptions import EndpointConnectionError
from structlog.testing import capture_logs

from services.consumer import ConsumerOptions, Message, Verdict

BEAT = "change_message_visibility"


def test_heartbeats_keep_a_message_hidden_beyond_its_visibility(
    consume: Any, recorder: Any, notebook: Any, options: ConsumerOptions, send: Any
) -> None:
    send("one")
    # With two concurrency a message that shows again would be handled twice.
    running = consume(recorder, dataclasses.replace(options, concurrency=2, visibility_seconds=1))
    notebook.wait_for(f"{BEAT} answered", 8)
    recorder.may_end.set()
    notebook.wait_for("delete_message answered")
    running.stop()
    assert len(recorder.messages) == 1


def test_a_heartbeat_is_awaited_before_its_message_is_deleted(
    consume: Any, recorder: Any, notebook: Any, options: ConsumerOptions, send: Any
) -> None:
    pause = threading.Event()

    def end_the_work_during_a_heartbeat(name: str, arguments: dict[str, Any]) -> None:
        if name == BEAT:
            recorder.may_end.set()
            pause.wait(0.5)

    notebook.before = end_the_work_during_a_heartbeat
    send("one")
    running = consume(recorder, dataclasses.replace(options, visibility_seconds=1))
    notebook.wait_for("delete_message answered")
    running.stop()
    names = [name for name in notebook.names() if not name.startswith("receive")]
    assert names == [BEAT, f"{BEAT} answered", "delete_message", "delete_message answered"]


def test_a_failed_heartbeat_is_told_and_followed_by_the_next(
    consume: Any, recorder: Any, notebook: Any, options: ConsumerOptions, send: Any
) -> None:
    def fail_once(name: str, arguments: dict[str, Any]) -> None:
        if name == BEAT and notebook.count(name) == 1:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    failed: list[str] = []
    notebook.before = fail_once
    send("one")
    consume(
        recorder,
        dataclasses.replace(options, visibility_seconds=1),
        on_heartbeat_failure=lambda: failed.append("told"),
    )
    notebook.wait_for(f"{BEAT} answered", 2)
    assert len(recorder.messages) == 1
    assert failed == ["told"]


def test_the_heart_goes_on_beating_after_a_fault(
    consume: Any, recorder: Any, notebook: Any, options: ConsumerOptions, send: Any
) -> None:
    def break_once(name: str, arguments: dict[str, Any]) -> None:
        if name == BEAT and notebook.count(name) == 1:
            raise RuntimeError("a fault of ours")

    notebook.before = break_once
    send("one")
    consume(recorder, dataclasses.replace(options, visibility_seconds=1))
    notebook.wait_for(f"{BEAT} answered", 2)


def test_a_message_that_somebody_else_deleted_gets_no_more_heartbeats(
    consume: Any, recorder: Any, notebook: Any, sqs: Any, options: ConsumerOptions, send: Any, queue_url: str
) -> None:
    send("one")
    consume(recorder, dataclasses.replace(options, concurrency=2, visibility_seconds=1))
    recorder.wait_for(1)
    with capture_logs() as lines:
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=recorder.messages[0].receipt)
        notebook.wait_for("receive_message answered", 6)
        assert [line["event"] for line in lines] == ["heartbeat refused"]


def test_a_message_whose_handler_hangs_comes_back(
    consume: Any, notebook: Any, options: ConsumerOptions, send: Any
) -> None:
    came_back = threading.Event()
    seen: list[int] = []

    def handle(message: Message, interrupted: threading.Event) -> Verdict:
        seen.append(message.receive_count)
        if message.receive_count == 1:
            assert came_back.wait(30)
            return Verdict.ABANDON
        came_back.set()
        return Verdict.DELETE

    send("one")
    running = consume(handle, dataclasses.replace(options, concurrency=2, visibility_seconds=1, max_message_seconds=1))
    assert came_back.wait(30)
    running.stop()
    assert seen == [1, 2]
