"""A queue is consumed: what is received, when it is deleted, when it comes back."""

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


def test_a_message_is_deleted_after_its_work(
    consume: Any, recorder: Any, notebook: Any, send: Any, waiting: Waiting
) -> None:
    send("one")
    running = consume(recorder)
    recorder.wait_for(1)
    assert waiting() == (0, 1)
    recorder.may_end.set()
    notebook.wait_for("delete_message answered")
    running.stop()
    assert waiting() == (0, 0)
    assert [(message.body, message.receive_count) for message in recorder.messages] == [("one", 1)]


def test_no_more_is_received_than_there_are_free_slots(
    consume: Any, recorder: Any, notebook: Any, options: ConsumerOptions, send: Any, waiting: Waiting
) -> None:
    send("one", "two", "three", "four", "five")
    consume(recorder, dataclasses.replace(options, concurrency=2))
    recorder.wait_for(2)
    assert waiting() == (3, 2)
    received = notebook.count("receive_message")
    assert all(arguments["MaxNumberOfMessages"] <= 2 for name, arguments in notebook.calls if name == "receive_message")
    recorder.may_end.set()
    recorder.wait_for(5)
    assert notebook.count("receive_message") > received


def test_a_freed_slot_is_used_again_while_another_is_busy(
    consume: Any, recorder: Any, options: ConsumerOptions, send: Any
) -> None:
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


def test_a_failed_message_comes_back_and_at_last_goes_to_the_dead_letter_queue(
    consume: Any, sqs: Any, queue_url: str, send: Any, waiting: Waiting
) -> None:
    seen: list[int] = []

    def handle(message: Message, interrupted: threading.Event) -> Verdict:
        seen.append(message.receive_count)
        raise RuntimeError("a fault of ours")

    send("one")
    consume(handle)
    dead = f"{queue_url}-dlq"
    _until(lambda: waiting(dead) == (1, 0))
    assert seen == [1, 2, 3]
    assert waiting() == (0, 0)


def test_an_unreadable_message_is_logged_and_left_to_the_dead_letter_queue(
    consume: Any, sqs: Any, queue_url: str, send: Any, waiting: Waiting
) -> None:
    def handle(message: Message, interrupted: threading.Event) -> Verdict:
        raise UnreadableMessage("it is not JSON")

    with capture_logs() as lines:
        send("poison")
        running = consume(handle)
        _until(lambda: waiting(f"{queue_url}-dlq") == (1, 0))
        running.stop()
    told = [line for line in lines if line["event"] == "unreadable message"]
    assert [(line["log_level"], line["error"], line["body"]) for line in told] == [
        ("error", "it is not JSON", "poison")
    ] * 3


def test_a_retried_message_waits_longer_with_each_receive(
    consume: Any, recorder: Any, notebook: Any, options: ConsumerOptions, send: Any
) -> None:
    recorder.verdict = Verdict.RETRY
    recorder.may_end.set()
    send("one")
    consume(recorder, dataclasses.replace(options, backoff_seconds=100, max_backoff_seconds=900))
    notebook.wait_for("change_message_visibility answered")
    (wait,) = [
        arguments["VisibilityTimeout"] for name, arguments in notebook.calls if name == "change_message_visibility"
    ]
    assert 80 <= wait <= 100


@pytest.mark.parametrize(("receives", "longest"), [(1, 30), (2, 60), (3, 120), (5, 480), (6, 900), (5000, 900)])
def test_the_backoff_doubles_up_to_its_limit_less_a_fifth_at_random(receives: int, longest: int) -> None:
    waits = {backoff_seconds(receives, first=30, most=900) for _ in range(500)}
    assert len(waits) > 4
    assert longest * 0.8 - 1 <= min(waits)
    assert max(waits) <= longest


def test_a_queue_that_cannot_be_read_for_a_while_is_read_again(
    consume: Any, recorder: Any, notebook: Any, send: Any
) -> None:
    def fail_once(name: str, arguments: dict[str, Any]) -> None:
        if name == "receive_message" and notebook.count(name) == 1:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    notebook.before = fail_once
    send("one")
    consume(recorder)
    recorder.wait_for(1)


def test_a_message_that_cannot_be_deleted_harms_nobody(consume: Any, recorder: Any, notebook: Any, send: Any) -> None:
    def fail_once(name: str, arguments: dict[str, Any]) -> None:
        if name == "delete_message" and notebook.count(name) == 1:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    notebook.before = fail_once
    recorder.may_end.set()
    send("one")
    consume(recorder)
    recorder.wait_for(1)
    send("two")
    recorder.wait_for(2)


def _until(happened: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(600):
        if happened():
            return
        pause.wait(0.05)
    raise AssertionError("it did not happen")
