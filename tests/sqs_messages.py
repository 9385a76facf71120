"""Receive the messages of a queue."""

from __future__ import annotations

import json
from typing import Any

from emulator import aws


def receive_all(queue_url: str, aws_port: int) -> list[Any]:
    """Receive all visible messages without waiting; return their bodies.

    Args:
        queue_url: URL of the queue.
        aws_port: port of the AWS emulator.
    """
    sqs, bodies = aws.client("sqs", aws_port), []
    request = {"QueueUrl": queue_url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0}
    while messages := sqs.receive_message(**request).get("Messages", []):
        bodies += [json.loads(message["Body"]) for message in messages]
    return bodies
