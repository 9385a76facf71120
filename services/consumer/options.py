"""How a queue is consumed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ConsumerOptions:
    """How a queue is consumed.

    Args:
        queue_url: URL of the queue.
        concurrency: messages handled side by side, each in a thread.
        visibility_seconds: how long a message stays hidden after its last heartbeat.
        max_message_seconds: after this long a message gets no more heartbeats, so that it comes
            back even when its handler hangs.
        poll_seconds: length of a long poll. A stop takes up to this long, since an answer that
            nobody waits for would hide its message.
        grace_seconds: how long running messages may go on after a stop; it, a poll and
            ``release_seconds`` must fit into what the program is given to end.
        release_seconds: how long handlers have to give up once they are interrupted.
        backoff_seconds: wait before the first retry; it doubles with each receive.
        max_backoff_seconds: longest wait before a retry.

    Raises:
        ValueError: a value is out of its range.
    """

    queue_url: str
    concurrency: int
    visibility_seconds: int
    max_message_seconds: float
    poll_seconds: int = 2
    grace_seconds: float = 15
    release_seconds: float = 5
    backoff_seconds: float = 30
    max_backoff_seconds: float = 900

    def __post_init__(self) -> None:
        for name, least, most in (
            ("concurrency", 1, 1000),
            # The ranges of SQS: ChangeMessageVisibility and ReceiveMessage.
            ("visibility_seconds", 1, 43_200),
            ("max_message_seconds", self.visibility_seconds, 43_200),
            ("poll_seconds", 0, 20),
            ("grace_seconds", 0, 43_200),
            ("release_seconds", 0, 43_200),
            ("backoff_seconds", 0, 43_200),
            ("max_backoff_seconds", self.backoff_seconds, 43_200),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name} is {value}; allowed are {least} to {most}")

    @property
    def heartbeat_seconds(self) -> float:
        """Time between heartbeats: two may fail before a message comes back."""
        return self.visibility_seconds / 3
