"""The queue of the videos to process, as its sender sees it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

TASK_TYPE = "video:processing"
USER_ID = "UserId"
REQUEST_ID = "RequestId"


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
        name = "ApproximateNumberOfMessages"
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name])
