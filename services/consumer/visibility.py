"""Visibility of received messages: heartbeats while they are handled, and exactly one settlement each."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from services.consumer.message import Message, Verdict
from services.consumer.options import ConsumerOptions

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)
# SQS error codes of an invalid receipt handle: the message was deleted, or received by another consumer.
_LOST = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight")


def backoff_seconds(receive_count: int, *, first: float, most: float) -> int:
    """Return the wait before a retry, in whole seconds as SQS requires.

    The wait doubles with each receive. Up to a fifth is subtracted at random, so that messages that failed together
    do not return together.

    Args:
        receive_count: Number of receives, from 1 (``ApproximateReceiveCount``).
        first: Wait after the first receive, in seconds.
        most: Maximum wait, in seconds.
    """
    # The exponent is limited because a float would overflow after many receives.
    wait = min(first * 2.0 ** min(receive_count - 1, 30), most)
    return round(wait * random.uniform(0.8, 1))


class InFlight:
    """Message between its receipt and its settlement.

    Args:
        client: SQS client.
        options: Options of the consumer.
        message: The received message.
        on_heartbeat_failure: Called for each heartbeat that failed.
    """

    def __init__(
        self, client: Any, options: ConsumerOptions, message: Message, on_heartbeat_failure: Callable[[], None]
    ) -> None:
        self.message = message
        self._on_heartbeat_failure = on_heartbeat_failure
        self._client = client
        self._options = options
        self._received = time.monotonic()
        # Held during a heartbeat so that the settlement waits: SQS rejects a heartbeat for a deleted message, and a
        # late one would overwrite a backoff (bbc/sqs-consumer#303).
        self._lock = threading.Lock()
        self._settled = False
        self._beating = True

    def beat(self) -> None:
        """Renew the visibility timeout unless the message is settled, lost or too old."""
        with self._lock:
            if self._settled or not self._beating:
                return
            if time.monotonic() - self._received > self._options.max_message_seconds:
                self._beating = False
                log.error("message took too long and gets no more heartbeats", message_id=self.message.id)
                return
            try:
                self._change_visibility(self._options.visibility_seconds)
            except ClientError as error:
                self._beating = error.response["Error"]["Code"].rpartition(".")[2] not in _LOST
                log.warning("heartbeat refused", message_id=self.message.id, error=str(error))
                self._on_heartbeat_failure()
            except BotoCoreError as error:
                log.warning("heartbeat failed", message_id=self.message.id, error=str(error))
                self._on_heartbeat_failure()

    def settle(self, verdict: Verdict) -> bool:
        """Apply a verdict. False if the message was settled before.

        If SQS is unreachable the message becomes visible later, and its handler finds the work done.
        """
        with self._lock:
            if self._settled:
                return False
            self._settled = True
            try:
                self._apply(verdict)
            except (BotoCoreError, ClientError) as error:
                log.warning(
                    "message could not be settled", message_id=self.message.id, verdict=verdict.name, error=str(error)
                )
            return True

    def _apply(self, verdict: Verdict) -> None:
        match verdict:
            case Verdict.DELETE:
                self._client.delete_message(QueueUrl=self._options.queue_url, ReceiptHandle=self.message.receipt)
            case Verdict.RETRY:
                wait = backoff_seconds(
                    self.message.receive_count,
                    first=self._options.backoff_seconds,
                    most=self._options.max_backoff_seconds,
                )
                self._change_visibility(wait)
            case Verdict.RELEASE:
                self._change_visibility(0)
            case Verdict.ABANDON:
                pass

    def _change_visibility(self, seconds: int) -> None:
        self._client.change_message_visibility(
            QueueUrl=self._options.queue_url, ReceiptHandle=self.message.receipt, VisibilityTimeout=seconds
        )


class Heartbeat:
    """Context manager that runs one thread, which renews the visibility timeouts of all messages in flight.

    Args:
        seconds: Time between the heartbeats of a message, in seconds.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._messages: set[InFlight] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def add(self, message: InFlight) -> None:
        """Start the heartbeats of a message."""
        with self._lock:
            self._messages.add(message)

    def remove(self, message: InFlight) -> None:
        """Stop the heartbeats of a message."""
        with self._lock:
            self._messages.discard(message)

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            for message in self._snapshot():
                try:
                    message.beat()
                except Exception:
                    # This thread must survive any error: without it every message would be handled twice.
                    log.exception("heartbeat broke", message_id=message.message.id)

    def _snapshot(self) -> Iterable[InFlight]:
        with self._lock:
            return list(self._messages)
