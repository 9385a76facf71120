"""A real queue, a client that records its calls, and a consumer in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from emulator import aws
from services.consumer import Consumer, ConsumerOptions, Handler, Message, Verdict

SAFETY_SECONDS = 120


class RecordingClient:
    """SQS client that records its calls. A test may delay a call or make it fail.

    Args:
        client: Client that executes the calls.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._changed = threading.Condition()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.before: Callable[[str, dict[str, Any]], None] = lambda name, arguments: None
        self.after: Callable[[str, Any], None] = lambda name, answer: None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self._record(name, arguments)
            self.before(name, arguments)
            answer = getattr(self._client, name)(**arguments)
            self._record(f"{name} answered", arguments)
            self.after(name, answer)
            return answer

        return call

    def _record(self, name: str, arguments: dict[str, Any]) -> None:
        with self._changed:
            self.calls.append((name, arguments))
            self._changed.notify_all()

    def count(self, name: str) -> int:
        return sum(1 for called, _ in self.calls if called == name)

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def wait_for(self, name: str, count: int = 1) -> None:
        """Wait until a call was made ``count`` times."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.count(name) >= count, SAFETY_SECONDS), f"no {count} {name}"


@dataclass
class Running:
    """Consumer in a thread."""

    consumer: Consumer
    thread: threading.Thread

    def stop(self, *, times: int = 1) -> None:
        for _ in range(times):
            self.consumer.stop()
        self.thread.join(SAFETY_SECONDS)
        assert not self.thread.is_alive()


@pytest.fixture
def sqs(aws_port: int, aws_endpoint: str) -> Any:
    return aws.client("sqs", aws_port)


@pytest.fixture
def client(sqs: Any) -> RecordingClient:
    return RecordingClient(sqs)


@pytest.fixture
def options(queue_url: str) -> ConsumerOptions:
    return ConsumerOptions(
        queue_url=queue_url,
        concurrency=1,
        visibility_seconds=10,
        max_message_seconds=60,
        poll_seconds=1,
        grace_seconds=SAFETY_SECONDS,
        backoff_seconds=0,
        max_backoff_seconds=0,
    )


@pytest.fixture
def consume(client: RecordingClient, options: ConsumerOptions) -> Iterator[Callable[..., Running]]:
    """Start a consumer of the test's queue."""
    started: list[Running] = []

    def start(handler: Handler, options: ConsumerOptions = options, **callbacks: Callable[[], None]) -> Running:
        consumer = Consumer(client, options, handler, **callbacks)
        running = Running(consumer, threading.Thread(target=consumer.run, daemon=True))
        running.thread.start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop(times=2)


@pytest.fixture
def send(sqs: Any, queue_url: str) -> Callable[..., None]:
    def send(*bodies: str) -> None:
        for body in bodies:
            sqs.send_message(QueueUrl=queue_url, MessageBody=body)

    return send


@pytest.fixture
def waiting(sqs: Any, queue_url: str) -> Callable[..., tuple[int, int]]:
    """Count the visible messages and the messages in flight."""

    def count(url: str = queue_url) -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(attributes[names[0]]), int(attributes[names[1]])

    return count


class Recorder:
    """Handler that records its messages, waits for ``may_end`` and returns ``verdict``."""

    def __init__(self, verdict: Verdict = Verdict.DELETE) -> None:
        self.verdict = verdict
        self.messages: list[Message] = []
        self.may_end = threading.Event()
        self._changed = threading.Condition()

    def __call__(self, message: Message, interrupted: threading.Event) -> Verdict:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()
        while not self.may_end.wait(0.05):
            if interrupted.is_set():
                return Verdict.RELEASE
        return self.verdict

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.messages) >= count, SAFETY_SECONDS)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()
