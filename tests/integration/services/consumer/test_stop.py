"""Stopping the consumer: no more receives; every message in flight is finished or released."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

from services.consumer import ConsumerOptions, Message, Verdict

Waiting = Callable[..., tuple[int, int]]


def test_idle_consumer_stops(consume: Any, recorder: Any, client: Any) -> None:
    running = consume(recorder)
    client.wait_for("receive_message")
    running.stop()


def test_running_message_finishes_within_the_grace_period(
    consume: Any, recorder: Any, client: Any, send: Any, waiting: Waiting
) -> None:
    send("one")
    running = consume(recorder)
    recorder.wait_for(1)
    running.consumer.stop()
    send("two")
    recorder.may_end.set()
    running.thread.join(30)
    assert client.count("delete_message answered") == 1
    assert waiting() == (1, 0)
    assert [message.body for message in recorder.messages] == ["one"]


def test_message_is_released_after_the_grace_period(
    consume: Any, recorder: Any, options: ConsumerOptions, send: Any, waiting: Waiting
) -> None:
    send("one")
    running = consume(recorder, dataclasses.replace(options, grace_seconds=0))
    recorder.wait_for(1)
    running.stop()
    assert waiting() == (1, 0)


def test_second_stop_ends_the_grace_period(
    consume: Any, recorder: Any, options: ConsumerOptions, send: Any, waiting: Waiting
) -> None:
    send("one")
    running = consume(recorder, dataclasses.replace(options, grace_seconds=3600))
    recorder.wait_for(1)
    running.stop(times=2)
    assert waiting() == (1, 0)


def test_hanging_handler_blocks_neither_stop_nor_message(
    consume: Any, options: ConsumerOptions, client: Any, send: Any, waiting: Waiting
) -> None:
    started, released = threading.Event(), threading.Event()

    def handle(message: Message, interrupted: threading.Event) -> Verdict:
        started.set()
        released.wait()
        return Verdict.DELETE

    send("one")
    running = consume(handle, dataclasses.replace(options, grace_seconds=0, release_seconds=0.1))
    assert started.wait(30)
    running.stop()
    assert waiting() == (1, 0)
    # When the handler returns later, it does not delete the message.
    released.set()
    (handler,) = [thread for thread in threading.enumerate() if thread.name.startswith("message-")] or [None]
    if handler is not None:
        handler.join(30)
    assert client.count("delete_message") == 0


def test_message_of_the_last_poll_is_released(
    consume: Any, recorder: Any, client: Any, send: Any, waiting: Waiting
) -> None:
    send("one")
    go = threading.Event()
    stop: list[Callable[[], None]] = []

    def stop_after_the_answer(name: str, answer: dict[str, Any]) -> None:
        if name == "receive_message" and answer.get("Messages"):
            assert go.wait(30)
            stop[0]()

    client.after = stop_after_the_answer
    running = consume(recorder)
    stop.append(running.consumer.stop)
    go.set()
    running.thread.join(30)
    assert recorder.messages == []
    assert waiting() == (1, 0)
