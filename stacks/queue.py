"""The queue of videos to process."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib import Queue
from constructs_lib.foundation import cdk
from stacks.base import AnbStack
from stacks.settings.model import Settings


class QueueStack(AnbStack):
    """The queue and its dead-letter queue."""

    def __init__(self, scope: cdk.Construct, settings: Settings) -> None:
        super().__init__(scope, "queue", settings)
        self.queue = Queue(
            self,
            "videos",
            name=f"{self.prefix}-video-processing",
            max_job=timedelta(seconds=settings.max_job_seconds),
            retention=timedelta(seconds=settings.message_retention_period),
            max_receives=settings.max_receive_count,
            plain_http_reason=self.plain_http_reason,
            open_redrive_reason="the AWS emulator does not store redrive-allow policies" if settings.embedded else None,
        )
        self.output("sqs_queue_url", self.queue.url, "URL of the queue of videos to process")
        self.output("sqs_queue_arn", self.queue.arn, "ARN of the queue")
        self.output("sqs_queue_name", self.queue.name, "Name of the queue")
        self.output("sqs_dlq_url", self.queue.dead_letter_url, "URL of the dead-letter queue")
