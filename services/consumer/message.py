"""A received message, and what its handler may decide about it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Self


@dataclass(frozen=True)
class Message:
    """A message as its handler sees it."""

    id: str
    body: str
    attributes: Mapping[str, str]
    receive_count: int
    receipt: str

    @classmethod
    def from_sqs(cls, raw: Mapping[str, Any]) -> Self:
        """The message of an entry of ReceiveMessage's answer."""
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
    """What becomes of a message."""

    DELETE = "done, or beyond help: it is deleted"
    RETRY = "it comes back after a while that grows with each receive; the queue's redrive policy ends it"
    RELEASE = "it comes back at once: the work was given up, not tried in vain"
    ABANDON = "it is no longer ours: nothing is done"


class UnreadableMessage(ValueError):
    """The handler does not know what the message asks for; it is left to the redrive policy."""


class Handler(Protocol):
    """Does what a message asks for."""

    def __call__(self, message: Message, interrupted: threading.Event) -> Verdict:
        """Handle a message, in a thread of its own.

        Args:
            message: what was received.
            interrupted: set when the work must be given up at once; the answer is then ``Verdict.RELEASE``.

        Raises:
            UnreadableMessage: it asks for nothing known.
            Exception: anything else is logged as a fault and tried again as with ``Verdict.RETRY``.
        """
        ...
