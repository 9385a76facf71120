"""The queue of the videos to process, as its sender sees it."""

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
    """How a queue stands, about: SQS counts on many machines.

    Args:
        visible: messages that wait for a worker.
        in_flight: messages that were received and are hidden meanwhile.
        delayed: messages that may not be received yet.
        visibility_seconds: how long a received message is hidden, unless its receiver says more.
    """

    visible: int
    in_flight: int
    delayed: int
    visibility_seconds: int


class VideoQueue:
    """Sends videos to the workers.

    Args:
        client: an SQS client.
        url: the queue's URL.
    """

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, video_id: UUID, *, user_id: int | None = None, request_id: str | None = None) -> None:
        """Ask for a video to be processed; sending it twice does no harm.

        Args:
            user_id: whose video it is, for the worker's log lines.
            request_id: of the request that uploaded it, for the same.
        """
        told = {"TaskType": TASK_TYPE, USER_ID: user_id, REQUEST_ID: request_id}
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=json.dumps({"video_id": str(video_id)}),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": str(value)}
                for name, value in told.items()
                if value is not None
            },
        )

    def waiting(self) -> int:
        """About how many videos wait for a worker."""
        return self.state().visible

    def state(self) -> QueueState:
        """How the queue stands."""
        return queue_state(self._client, self._url)


def queue_state(client: Any, url: str) -> QueueState:
    """How a queue stands.

    Args:
        client: an SQS client.
        url: the queue's URL.
    """
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_ATTRIBUTES))
    return QueueState(*(int(answer["Attributes"][name]) for name in _ATTRIBUTES))
