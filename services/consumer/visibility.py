"""Keeps received messages hidden while they are worked on, and settles each exactly once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from services.consumer.backoff import backoff_seconds
from services.consumer.message import Message, Verdict
from services.consumer.options import ConsumerOptions

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)
# What SQS answers when a receipt is no longer good: the message was deleted, or came back to another consumer.
_LOST = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight")


class InFlight:
    """A message between its receipt and its settlement.

    Args:
        client: an SQS client.
        options: how the queue is consumed.
        message: what was received.
        on_heartbeat_failure: called each time it could not be kept hidden.
    """

    def __init__(
        self, client: Any, options: ConsumerOptions, message: Message, on_heartbeat_failure: Callable[[], None]
    ) -> None:
        self.message = message
        self._on_heartbeat_failure = on_heartbeat_failure
        self._client = client
        self._options = options
        self._received = time.monotonic()
        # Held during a heartbeat, so that a settlement waits for it: SQS refuses a heartbeat for a
        # deleted message, and a late one would undo a backoff (bbc/sqs-consumer#303).
        self._lock = threading.Lock()
        self._settled = False
        self._beating = True

    def beat(self) -> None:
        """Keep the message hidden a while longer, unless it is settled, lost or older than it may be."""
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
        """Do what was decided; False where the message had been settled before.

        When SQS cannot be reached the message comes back by itself, and its handler finds the work done.
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
    """One thread that keeps all messages in flight hidden, for the length of a block.

    Args:
        seconds: time between the heartbeats of a message.
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
        """Keep a message hidden from now on."""
        with self._lock:
            self._messages.add(message)

    def remove(self, message: InFlight) -> None:
        """Forget a message."""
        with self._lock:
            self._messages.discard(message)

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            for message in self._snapshot():
                try:
                    message.beat()
                except Exception:
                    # This thread must outlive any fault: without it every message would be handled twice.
                    log.exception("heartbeat broke", message_id=message.message.id)

    def _snapshot(self) -> Iterable[InFlight]:
        with self._lock:
            return list(self._messages)
