"""What lies in a queue, for the tests that ask whether a message was sent."""

from __future__ import annotations

import json
from typing import Any

from emulator import aws


def queued(queue_url: str, aws_port: int) -> list[Any]:
    """The bodies of all messages that can be received now; they are hidden afterwards, as from any receiver.

    Args:
        queue_url: of the queue, whose own wait for a message (20 s) is not waited for.
        aws_port: where the embedded AWS listens.
    """
    sqs, found = aws.client("sqs", aws_port), []
    wanted = {"QueueUrl": queue_url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0}
    while messages := sqs.receive_message(**wanted).get("Messages", []):
        found += [json.loads(message["Body"]) for message in messages]
    return found
