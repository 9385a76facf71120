"""Options of the consumer, validated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ConsumerOptions:
    """Options of a consumer.

    Args:
        queue_url: URL of the queue.
        concurrency: Maximum number of messages handled at once, each in a thread. 1 to 1000.
        visibility_seconds: Visibility timeout of a message, renewed by each heartbeat, in seconds.
        max_message_seconds: Time after which a message gets no more heartbeats, so that it becomes visible even if
            its handler hangs, in seconds.
        poll_seconds: Duration of a long poll, in seconds, 0 to 20. A stop waits for the current poll, because its
            response may contain messages. Default: 2.
        grace_seconds: Time for running messages to finish after a stop, in seconds. The sum of it, ``poll_seconds``
            and ``release_seconds`` must be within the process's stop timeout. Default: 15.
        release_seconds: Time for handlers to return after they were interrupted, in seconds. Default: 5.
        backoff_seconds: Wait before the first retry, in seconds; it doubles with each receive. Default: 30.
        max_backoff_seconds: Maximum wait before a retry, in seconds. Default: 900.

    Raises:
        ValueError: A value is out of range.
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
            # Limits of SQS: ChangeMessageVisibility and ReceiveMessage.
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
                raise ValueError(f"{name} is {value}; must be between {least} and {most}")

    @property
    def heartbeat_seconds(self) -> float:
        """Time between heartbeats: two may fail before a message becomes visible."""
        return self.visibility_seconds / 3
