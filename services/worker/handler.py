"""Parses queue messages and runs their jobs."""

from __future__ import annotations

import json
import threading
from uuid import UUID

from services.consumer import Message, UnreadableMessage, Verdict
from services.shared.queue import REQUEST_ID, TASK_TYPE, USER_ID
from services.shared.telemetry import bind
from services.worker.job import WorkerContext, process


def parse_video_id(message: Message) -> UUID:
    """Return the id of the video to process.

    Raises:
        UnreadableMessage: the message is not a processing request.
    """
    kind = message.attributes.get("TaskType", TASK_TYPE)
    if kind != TASK_TYPE:
        raise UnreadableMessage(f"TaskType is {kind!r}; known is {TASK_TYPE!r}")
    try:
        return UUID(json.loads(message.body)["video_id"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableMessage(f'the body is not {{"video_id": "<uuid>"}}: {error}') from error


def log_fields(message: Message) -> dict[str, str | int]:
    """Return the request and user ids of the upload, as far as the message has them, for log lines."""
    fields: dict[str, str | int] = {}
    if request_id := message.attributes.get(REQUEST_ID):
        fields["request_id"] = request_id
    # Numeric, as in the portal's log lines; anything else was not written by the portal.
    if (user_id := message.attributes.get(USER_ID, "")).isdecimal():
        fields["user_id"] = int(user_id)
    return fields


class VideoHandler:
    """Processes the video named by each message.

    Args:
        context: shared dependencies of the jobs.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context

    def __call__(self, message: Message, interrupted: threading.Event) -> Verdict:
        """Process the video of a message; see `services.consumer.Handler`."""
        video_id = parse_video_id(message)
        bind(video_id=str(video_id), **log_fields(message))
        return process(self._context, video_id, interrupted, receives=message.receive_count)
