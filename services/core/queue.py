"""The queue of the videos to process, as its sender sees it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

TASK_TYPE = "video:processing"


class VideoQueue:
    """Sends videos to the workers.

    Args:
        client: an SQS client.
        url: the queue's URL.
    """

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, video_id: UUID) -> None:
        """Ask for a video to be processed; sending it twice does no harm."""
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=json.dumps({"video_id": str(video_id)}),
            MessageAttributes={"TaskType": {"DataType": "String", "StringValue": TASK_TYPE}},
        )

    def waiting(self) -> int:
        """About how many videos wait for a worker."""
        name = "ApproximateNumberOfMessages"
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name])
