"""A real queue, a client whose calls are written down, and a consumer that runs beside the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from emulator import aws
from services.consumer import Consumer, ConsumerOptions, Handler, Message, Verdict

SAFETY_SECONDS = 120


class Notebook:
    """An SQS client that writes down its calls; a test may hold one up or let one fail.

    Args:
        client: the client that does the work.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._happened = threading.Condition()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.before: Callable[[str, dict[str, Any]], None] = lambda name, arguments: None
        self.after: Callable[[str, Any], None] = lambda name, answer: None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self._write(name, arguments)
            self.before(name, arguments)
            answer = getattr(self._client, name)(**arguments)
            self._write(f"{name} answered", arguments)
            self.after(name, answer)
            return answer

        return call

    def _write(self, name: str, arguments: dict[str, Any]) -> None:
        with self._happened:
            self.calls.append((name, arguments))
            self._happened.notify_all()

    def count(self, name: str) -> int:
        return sum(1 for called, _ in self.calls if called == name)

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def wait_for(self, name: str, count: int = 1) -> None:
        """Wait until a call was made so often."""
        with self._happened:
            assert self._happened.wait_for(lambda: self.count(name) >= count, SAFETY_SECONDS), f"no {count} {name}"


@dataclass
class Running:
    """A consumer in a thread."""

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
def notebook(sqs: Any) -> Notebook:
    return Notebook(sqs)


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
def consume(notebook: Notebook, options: ConsumerOptions) -> Iterator[Callable[..., Running]]:
    """Starts a consumer of the test's queue."""
    started: list[Running] = []

    def start(handler: Handler, options: ConsumerOptions = options, **callbacks: Callable[[], None]) -> Running:
        consumer = Consumer(notebook, options, handler, **callbacks)
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
    """How many messages are visible and how many in flight."""

    def count(url: str = queue_url) -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    return count


class Recorder:
    """A handler that waits until it may go on, and answers what the test says."""

    def __init__(self, verdict: Verdict = Verdict.DELETE) -> None:
        self.verdict = verdict
        self.messages: list[Message] = []
        self.may_end = threading.Event()
        self._happened = threading.Condition()

    def __call__(self, message: Message, interrupted: threading.Event) -> Verdict:
        with self._happened:
            self.messages.append(message)
            self._happened.notify_all()
        while not self.may_end.wait(0.05):
            if interrupted.is_set():
                return Verdict.RELEASE
        return self.verdict

    def wait_for(self, count: int) -> None:
        with self._happened:
            assert self._happened.wait_for(lambda: len(self.messages) >= count, SAFETY_SECONDS)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()
