"""A queue as unreliable as SQS promises to be: messages come twice, and in any order. The embedded one never does that.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html
"""

from __future__ import annotations

import random
from typing import Any


class UnreliableSqs:
    """An SQS client that keeps what is sent, and delivers it shuffled, each message several times.

    Args:
        client: what delivers.
        copies: how often each message is delivered.
        chance: of the order.
    """

    def __init__(self, client: Any, *, copies: int, chance: random.Random) -> None:
        self._client, self._copies, self._chance = client, copies, chance
        self._kept: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> None:
        self._kept += [message] * self._copies

    def deliver(self) -> None:
        """Let all that was sent arrive."""
        self._chance.shuffle(self._kept)
        while self._kept:
            self._client.send_message(**self._kept.pop())
