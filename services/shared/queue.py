"""Queue of videos to process, from the sender's side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

TASK_TYPE = "video:processing"
USER_ID = "UserId"
REQUEST_ID = "RequestId"
_ATTRIBUTES = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "VisibilityTimeout",
)


@dataclass(frozen=True)
class QueueState:
    """Approximate state of a queue.

    Args:
        visible: Number of messages that wait for a worker.
        in_flight: Number of received messages that are hidden.
        delayed: Number of messages that cannot be received yet.
        visibility_seconds: Default visibility timeout, in seconds.
    """

    visible: int
    in_flight: int
    delayed: int
    visibility_seconds: int


class VideoQueue:
    """Sends videos to the workers.

    Args:
        client: SQS client.
        url: URL of the queue.
    """

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, video_id: UUID, *, user_id: int | None = None, request_id: str | None = None) -> None:
        """Send a video for processing. Sending it twice is harmless.

        Args:
            video_id: Id of the video.
            user_id: Id of the owner, for the worker's log lines.
            request_id: Id of the request that uploaded it, for the worker's log lines.
        """
        attributes = {"TaskType": TASK_TYPE, USER_ID: user_id, REQUEST_ID: request_id}
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=json.dumps({"video_id": str(video_id)}),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": str(value)}
                for name, value in attributes.items()
                if value is not None
            },
        )

    def waiting(self) -> int:
        """Return the approximate number of videos that wait for a worker."""
        return self.state().visible

    def state(self) -> QueueState:
        """Read the state of the queue."""
        return queue_state(self._client, self._url)


def queue_state(client: Any, url: str) -> QueueState:
    """Read the state of a queue.

    Args:
        client: SQS client.
        url: URL of the queue.
    """
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_ATTRIBUTES))
    return QueueState(*(int(answer["Attributes"][name]) for name in _ATTRIBUTES))
