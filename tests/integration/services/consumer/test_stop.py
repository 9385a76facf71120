"""A consumer stops: nothing more is received, and every message it holds is finished or free."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

from services.consumer import ConsumerOptions, Message, Verdict

Waiting = Callable[..., tuple[int, int]]


def test_an_idle_consumer_stops(consume: Any, recorder: Any, notebook: Any) -> None:
    running = consume(recorder)
    notebook.wait_for("receive_message")
    running.stop()


def test_running_work_is_finished_within_the_grace(
    consume: Any, recorder: Any, notebook: Any, send: Any, waiting: Waiting
) -> None:
    send("one")
    running = consume(recorder)
    recorder.wait_for(1)
    running.consumer.stop()
    send("two")
    recorder.may_end.set()
    running.thread.join(30)
    assert notebook.count("delete_message answered") == 1
    assert waiting() == (1, 0)
    assert [message.body for message in recorder.messages] == ["one"]


def test_work_that_does_not_fit_the_grace_is_given_up_and_its_message_is_free_at_once(
    consume: Any, recorder: Any, options: ConsumerOptions, send: Any, waiting: Waiting
) -> None:
    send("one")
    running = consume(recorder, dataclasses.replace(options, grace_seconds=0))
    recorder.wait_for(1)
    running.stop()
    assert waiting() == (1, 0)


def test_a_second_stop_ends_the_grace(
    consume: Any, recorder: Any, options: ConsumerOptions, send: Any, waiting: Waiting
) -> None:
    send("one")
    running = consume(recorder, dataclasses.replace(options, grace_seconds=3600))
    recorder.wait_for(1)
    running.stop(times=2)
    assert waiting() == (1, 0)


def test_a_handler_that_does_not_give_up_keeps_neither_the_process_nor_the_message(
    consume: Any, options: ConsumerOptions, notebook: Any, send: Any, waiting: Waiting
) -> None:
    started, for_ever = threading.Event(), threading.Event()

    def handle(message: Message, interrupted: threading.Event) -> Verdict:
        started.set()
        for_ever.wait()
        return Verdict.DELETE

    send("one")
    running = consume(handle, dataclasses.replace(options, grace_seconds=0, release_seconds=0.1))
    assert started.wait(30)
    running.stop()
    assert waiting() == (1, 0)
    # When it wakes up after all, the message is no longer its to delete.
    for_ever.set()
    (handler,) = [thread for thread in threading.enumerate() if thread.name.startswith("message-")] or [None]
    if handler is not None:
        handler.join(30)
    assert notebook.count("delete_message") == 0


def test_a_message_that_arrives_with_the_last_poll_is_free_at_once(
    consume: Any, recorder: Any, notebook: Any, send: Any, waiting: Waiting
) -> None:
    send("one")
    go = threading.Event()
    stop: list[Callable[[], None]] = []

    def stop_after_the_answer(name: str, answer: dict[str, Any]) -> None:
        if name == "receive_message" and answer.get("Messages"):
            assert go.wait(30)
            stop[0]()

    notebook.after = stop_after_the_answer
    running = consume(recorder)
    stop.append(running.consumer.stop)
    go.set()
    running.thread.join(30)
    assert recorder.messages == []
    assert waiting() == (1, 0)
