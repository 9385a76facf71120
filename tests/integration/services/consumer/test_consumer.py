"""The consumer: receiving, deleting, retrying and dead-lettering of messages."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from structlog.testing import capture_logs

from services.consumer import ConsumerOptions, Message, UnreadableMessage, Verdict
from services.consumer.visibility import backoff_seconds

Waiting = Callable[..., tuple[int, int]]


def test_handled_message_is_deleted(consume: Any, recorder: Any, client: Any, send: Any, waiting: Waiting) -> None:
    send("one")
    running = consume(recorder)
    recorder.wait_for(1)
    assert waiting() == (0, 1)
    recorder.may_end.set()
    client.wait_for("delete_message answered")
    running.stop()
    assert waiting() == (0, 0)
    assert [(message.body, message.receive_count) for message in recorder.messages] == [("one", 1)]


def test_receives_only_as_many_as_can_start(
    consume: Any, recorder: Any, client: Any, options: ConsumerOptions, send: Any, waiting: Waiting
) -> None:
    send("one", "two", "three", "four", "five")
    consume(recorder, dataclasses.replace(options, concurrency=2))
    recorder.wait_for(2)
    assert waiting() == (3, 2)
    received = client.count("receive_message")
    assert all(arguments["MaxNumberOfMessages"] <= 2 for name, arguments in client.calls if name == "receive_message")
    recorder.may_end.set()
    recorder.wait_for(5)
    assert client.count("receive_message") > received


def test_finished_handler_frees_its_place(consume: Any, recorder: Any, options: ConsumerOptions, send: Any) -> None:
    first_may_end = threading.Event()

    def handle(message: Message, interrupted: threading.Event) -> Verdict:
        if message.body == "long":
            first_may_end.wait(30)
        return recorder(message, interrupted)  # type: ignore[no-any-return]

    recorder.may_end.set()
    send("long")
    consume(handle, dataclasses.replace(options, concurrency=2))
    send("two", "three", "four")
    recorder.wait_for(3)
    first_may_end.set()
    recorder.wait_for(4)


def test_failing_message_ends_in_the_dead_letter_queue(
    consume: Any, sqs: Any, queue_url: str, send: Any, waiting: Waiting
) -> None:
    seen: list[int] = []

    def handle(message: Message, interrupted: threading.Event) -> Verdict:
        seen.append(message.receive_count)
        raise RuntimeError("a fault")

    send("one")
    consume(handle)
    dead = f"{queue_url}-dlq"
    _wait_until(lambda: waiting(dead) == (1, 0))
    assert seen == [1, 2, 3]
    assert waiting() == (0, 0)


def test_unreadable_message_is_logged_and_dead_lettered(
    consume: Any, sqs: Any, queue_url: str, send: Any, waiting: Waiting
) -> None:
    def handle(message: Message, interrupted: threading.Event) -> Verdict:
        raise UnreadableMessage("it is not JSON")

    with capture_logs() as lines:
        send("poison")
        running = consume(handle)
        _wait_until(lambda: waiting(f"{queue_url}-dlq") == (1, 0))
        running.stop()
    errors = [line for line in lines if line["event"] == "unreadable message"]
    assert [(line["log_level"], line["error"], line["body"]) for line in errors] == [
        ("error", "it is not JSON", "poison")
    ] * 3


def test_retried_message_gets_the_backoff(
    consume: Any, recorder: Any, client: Any, options: ConsumerOptions, send: Any
) -> None:
    recorder.verdict = Verdict.RETRY
    recorder.may_end.set()
    send("one")
    consume(recorder, dataclasses.replace(options, backoff_seconds=100, max_backoff_seconds=900))
    client.wait_for("change_message_visibility answered")
    (wait,) = [
        arguments["VisibilityTimeout"] for name, arguments in client.calls if name == "change_message_visibility"
    ]
    assert 80 <= wait <= 100


@pytest.mark.parametrize(("receives", "longest"), [(1, 30), (2, 60), (3, 120), (5, 480), (6, 900), (5000, 900)])
def test_backoff_doubles_up_to_its_maximum_with_jitter(receives: int, longest: int) -> None:
    waits = {backoff_seconds(receives, first=30, most=900) for _ in range(500)}
    assert len(waits) > 4
    assert longest * 0.8 - 1 <= min(waits)
    assert max(waits) <= longest


def test_receive_is_retried_after_an_error(consume: Any, recorder: Any, client: Any, send: Any) -> None:
    def fail_once(name: str, arguments: dict[str, Any]) -> None:
        if name == "receive_message" and client.count(name) == 1:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    client.before = fail_once
    send("one")
    consume(recorder)
    recorder.wait_for(1)


def test_failed_delete_does_not_stop_the_consumer(consume: Any, recorder: Any, client: Any, send: Any) -> None:
    def fail_once(name: str, arguments: dict[str, Any]) -> None:
        if name == "delete_message" and client.count(name) == 1:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    client.before = fail_once
    recorder.may_end.set()
    send("one")
    consume(recorder)
    recorder.wait_for(1)
    send("two")
    recorder.wait_for(2)


def _wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(600):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("timeout")
