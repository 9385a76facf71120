"""What the queue's messages ask for."""

from __future__ import annotations

import json
import threading
from uuid import UUID

from services.consumer import Message, UnreadableMessage, Verdict
from services.core.queue import TASK_TYPE
from services.core.telemetry import bind
from services.worker.job import Bench, process


def video_of(message: Message) -> UUID:
    """The video a message asks to process.

    Raises:
        UnreadableMessage: it is no such message.
    """
    kind = message.attributes.get("TaskType", TASK_TYPE)
    if kind != TASK_TYPE:
        raise UnreadableMessage(f"TaskType is {kind!r}; known is {TASK_TYPE!r}")
    try:
        return UUID(json.loads(message.body)["video_id"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableMessage(f'the body is not {{"video_id": "<uuid>"}}: {error}') from error


class VideoHandler:
    """Processes the videos that messages name.

    Args:
        bench: what the jobs work with.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __call__(self, message: Message, interrupted: threading.Event) -> Verdict:
        """Process a message's video; see `services.consumer.Handler`."""
        video_id = video_of(message)
        bind(video_id=str(video_id))
        return process(self._bench, video_id, interrupted)
