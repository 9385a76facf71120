"""Heartbeats: a message is hidden exactly while it is handled."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

from botocore.exceptions import EndpointConnectionError
from structlog.testing import capture_logs

from services.consumer import ConsumerOptions, Message, Verdict

BEAT = "change_message_visibility"


def test_heartbeats_keep_a_message_hidden(
    consume: Any, recorder: Any, client: Any, options: ConsumerOptions, send: Any
) -> None:
    send("one")
    # With a concurrency of two, a message that becomes visible would be handled twice.
    running = consume(recorder, dataclasses.replace(options, concurrency=2, visibility_seconds=1))
    client.wait_for(f"{BEAT} answered", 8)
    recorder.may_end.set()
    client.wait_for("delete_message answered")
    running.stop()
    assert len(recorder.messages) == 1


def test_deletion_waits_for_a_running_heartbeat(
    consume: Any, recorder: Any, client: Any, options: ConsumerOptions, send: Any
) -> None:
    pause = threading.Event()

    def finish_during_a_heartbeat(name: str, arguments: dict[str, Any]) -> None:
        if name == BEAT:
            recorder.may_end.set()
            pause.wait(0.5)

    client.before = finish_during_a_heartbeat
    send("one")
    running = consume(recorder, dataclasses.replace(options, visibility_seconds=1))
    client.wait_for("delete_message answered")
    running.stop()
    names = [name for name in client.names() if not name.startswith("receive")]
    assert names == [BEAT, f"{BEAT} answered", "delete_message", "delete_message answered"]


def test_failed_heartbeat_is_reported_and_retried(
    consume: Any, recorder: Any, client: Any, options: ConsumerOptions, send: Any
) -> None:
    def fail_once(name: str, arguments: dict[str, Any]) -> None:
        if name == BEAT and client.count(name) == 1:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    failed: list[str] = []
    client.before = fail_once
    send("one")
    consume(
        recorder,
        dataclasses.replace(options, visibility_seconds=1),
        on_heartbeat_failure=lambda: failed.append("reported"),
    )
    client.wait_for(f"{BEAT} answered", 2)
    assert len(recorder.messages) == 1
    assert failed == ["reported"]


def test_heartbeats_continue_after_an_error(
    consume: Any, recorder: Any, client: Any, options: ConsumerOptions, send: Any
) -> None:
    def break_once(name: str, arguments: dict[str, Any]) -> None:
        if name == BEAT and client.count(name) == 1:
            raise RuntimeError("a fault")

    client.before = break_once
    send("one")
    consume(recorder, dataclasses.replace(options, visibility_seconds=1))
    client.wait_for(f"{BEAT} answered", 2)


def test_deleted_message_gets_no_more_heartbeats(
    consume: Any, recorder: Any, client: Any, sqs: Any, options: ConsumerOptions, send: Any, queue_url: str
) -> None:
    send("one")
    consume(recorder, dataclasses.replace(options, concurrency=2, visibility_seconds=1))
    recorder.wait_for(1)
    with capture_logs() as lines:
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=recorder.messages[0].receipt)
        client.wait_for("receive_message answered", 6)
        assert [line["event"] for line in lines] == ["heartbeat refused"]


def test_message_of_a_hanging_handler_becomes_visible(
    consume: Any, client: Any, options: ConsumerOptions, send: Any
) -> None:
    visible_again = threading.Event()
    seen: list[int] = []

    def handle(message: Message, interrupted: threading.Event) -> Verdict:
        seen.append(message.receive_count)
        if message.receive_count == 1:
            assert visible_again.wait(30)
            return Verdict.ABANDON
        visible_again.set()
        return Verdict.DELETE

    send("one")
    running = consume(handle, dataclasses.replace(options, concurrency=2, visibility_seconds=1, max_message_seconds=1))
    assert visible_again.wait(30)
    running.stop()
    assert seen == [1, 2]
