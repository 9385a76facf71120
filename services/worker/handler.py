"""What the queue's messages ask for."""

from __future__ import annotations

import json
import threading
from uuid import UUID

from services.consumer import Message, UnreadableMessage, Verdict
from services.shared.queue import REQUEST_ID, TASK_TYPE, USER_ID
from services.shared.telemetry import bind
from services.worker.job import WorkerContext, process


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


def uploaded_by(message: Message) -> dict[str, str | int]:
    """Whose video it is and which request brought it, as far as the message tells: what log lines are found by."""
    told: dict[str, str | int] = {}
    if request_id := message.attributes.get(REQUEST_ID):
        told["request_id"] = request_id
    # The portal's lines have a number; so have the worker's, unless somebody else wrote the message.
    if (user_id := message.attributes.get(USER_ID, "")).isdecimal():
        told["user_id"] = int(user_id)
    return told


class VideoHandler:
    """Processes the videos that messages name.

    Args:
        bench: what the jobs work with.
    """

    def __init__(self, bench: WorkerContext) -> None:
        self._bench = bench

    def __call__(self, message: Message, interrupted: threading.Event) -> Verdict:
        """Process a message's video; see `services.consumer.Handler`."""
        video_id = video_of(message)
        bind(video_id=str(video_id), **uploaded_by(message))
        return process(self._bench, video_id, interrupted, receives=message.receive_count)
