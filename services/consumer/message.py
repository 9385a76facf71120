"""Received messages, their handlers, and the verdicts of handlers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Self


@dataclass(frozen=True)
class Message:
    """Received message."""

    id: str
    body: str
    attributes: Mapping[str, str]
    receive_count: int
    receipt: str

    @classmethod
    def from_sqs(cls, raw: Mapping[str, Any]) -> Self:
        """Parse a message of the response to ReceiveMessage."""
        return cls(
            id=raw["MessageId"],
            body=raw["Body"],
            attributes={
                name: value["StringValue"]
                for name, value in raw.get("MessageAttributes", {}).items()
                if "StringValue" in value
            },
            receive_count=int(raw["Attributes"]["ApproximateReceiveCount"]),
            receipt=raw["ReceiptHandle"],
        )


class Verdict(Enum):
    """What the consumer does with a handled message."""

    DELETE = "processed or failed permanently: delete it"
    RETRY = "failed: make it visible after a backoff, until the queue's redrive policy removes it"
    RELEASE = "interrupted: make it visible at once"
    ABANDON = "owned by another consumer: do nothing"


class UnreadableMessage(ValueError):
    """The message cannot be parsed; it is left to the redrive policy."""


class Handler(Protocol):
    """Handles messages."""

    def __call__(self, message: Message, interrupted: threading.Event) -> Verdict:
        """Handle a message in its own thread.

        Args:
            message: The received message.
            interrupted: Set when the handler must stop at once and return ``Verdict.RELEASE``.

        Raises:
            UnreadableMessage: The message cannot be parsed.
            Exception: Any other exception is logged and handled like ``Verdict.RETRY``.
        """
        ...
