"""The consumer's loop: receive only as many messages as can start at once, dispatch them, and stop gracefully."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from services.consumer.message import Handler, Message, UnreadableMessage, Verdict
from services.consumer.options import ConsumerOptions
from services.consumer.visibility import Heartbeat, InFlight

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)
_MOST_PER_RECEIVE = 10  # SQS's limit
_LONGEST_PAUSE_SECONDS = 30.0
_LOGGED_CHARACTERS = 1000


class Consumer:
    """Consumes a queue until it is stopped.

    Args:
        client: SQS client with a read timeout longer than a long poll.
        options: Options of the consumer.
        handler: Handles each message.
        on_receiving: Called once, after the first successful receive.
        on_heartbeat_failure: Called for each heartbeat that failed.
    """

    def __init__(
        self,
        client: Any,
        options: ConsumerOptions,
        handler: Handler,
        on_receiving: Callable[[], None] = lambda: None,
        on_heartbeat_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._options = options
        self._handler = handler
        self._on_receiving = on_receiving
        self._on_heartbeat_failure = on_heartbeat_failure
        self._running: set[InFlight] = set()
        self._interrupted = threading.Event()
        self._heartbeat = Heartbeat(options.heartbeat_seconds)
        # A SimpleQueue may be used from a signal handler; locks and events may not. None is a stop.
        self._events: queue.SimpleQueue[InFlight | None] = queue.SimpleQueue()
        self._stops = 0

    def stop(self) -> None:
        """Stop receiving and let running messages finish within the grace period. A second call ends that period.

        May be called from a signal handler.
        """
        self._stops += 1
        self._events.put(None)

    def run(self) -> None:
        """Consume until `stop` is called. Afterwards no message is in flight."""
        failures = 0
        received = False
        with self._heartbeat:
            while not self._stops:
                free = self._options.concurrency - len(self._running)
                if not free:
                    self._wait_for_event(None)
                    continue
                try:
                    messages = self._receive(free)
                    failures = 0
                except (BotoCoreError, ClientError) as error:
                    failures += 1
                    log.warning("queue cannot be read", error=str(error), failures=failures)
                    self._wait_for_event(min(2.0 ** min(failures, 10), _LONGEST_PAUSE_SECONDS))
                    continue
                if not received:
                    received = True
                    self._on_receiving()
                for message in messages:
                    self._start(message)
                while self._wait_for_event(0):
                    pass
            self._drain()

    def _receive(self, free: int) -> list[Message]:
        answer = self._client.receive_message(
            QueueUrl=self._options.queue_url,
            MaxNumberOfMessages=min(free, _MOST_PER_RECEIVE),
            WaitTimeSeconds=self._options.poll_seconds,
            VisibilityTimeout=self._options.visibility_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        return [Message.from_sqs(raw) for raw in answer.get("Messages", [])]

    def _start(self, message: Message) -> None:
        in_flight = InFlight(self._client, self._options, message, self._on_heartbeat_failure)
        if self._stops:
            # The message arrived with the last poll: release it to other consumers.
            in_flight.settle(Verdict.RELEASE)
            return
        self._running.add(in_flight)
        self._heartbeat.add(in_flight)
        # Daemon: a handler that hangs must not keep the process from ending.
        threading.Thread(target=self._handle, args=(in_flight,), name=f"message-{message.id[:8]}", daemon=True).start()

    def _handle(self, in_flight: InFlight) -> None:
        message = in_flight.message
        structlog.contextvars.bind_contextvars(message_id=message.id, receive_count=message.receive_count)
        try:
            verdict = self._handler(message, self._interrupted)
        except UnreadableMessage as error:
            log.error("unreadable message", error=str(error), body=message.body[:_LOGGED_CHARACTERS])
            verdict = Verdict.RETRY
        except Exception:
            log.exception("handler broke")
            verdict = Verdict.RETRY
        in_flight.settle(verdict)
        structlog.contextvars.clear_contextvars()
        self._events.put(in_flight)

    def _wait_for_event(self, seconds: float | None) -> bool:
        """Wait until a message was settled or `stop` was called. False after a timeout. None: no timeout."""
        try:
            ended = self._events.get(timeout=seconds)
        except queue.Empty:
            return False
        if ended is not None:
            self._running.discard(ended)
            self._heartbeat.remove(ended)
        return True

    def _drain(self) -> None:
        log.info("stopping", running=len(self._running), grace_seconds=self._options.grace_seconds)
        deadline = time.monotonic() + self._options.grace_seconds
        while self._running and self._stops < 2 and (left := deadline - time.monotonic()) > 0:
            self._wait_for_event(left)
        if self._running:
            self._interrupted.set()
        deadline = time.monotonic() + self._options.release_seconds
        while self._running and (left := deadline - time.monotonic()) > 0:
            self._wait_for_event(left)
        for in_flight in self._running:
            if in_flight.settle(Verdict.RELEASE):
                log.error("handler did not give up; its message is released", message_id=in_flight.message.id)
