"""Dead letters: messages that were received too often. They can be listed and redriven.

SQS can redrive them itself (StartMessageMoveTask), but it records no reason and reopens no videos.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from services.videos.stale_videos import reopen

_HIDDEN_SECONDS = 30
"""Visibility timeout of a message that is listed or redriven. After a crash it becomes visible again."""

_MOST_PER_RECEIVE = 10  # SQS's limit
_RECORD = text(
    "INSERT INTO redrives (message_id, video_id, operator, reason) VALUES (:message_id, :video_id, :operator, :reason)"
)


@dataclass(frozen=True)
class DeadLetter:
    """Message in the dead-letter queue.

    Args:
        id: SQS message id.
        body: Body of the message.
        age_seconds: Time since it was first sent, in seconds.
        video_id: Video that it names, if any.
        attributes: Message attributes, in the form that SendMessage takes.
        receipt: Receipt handle.
    """

    id: str
    body: str
    age_seconds: float
    video_id: UUID | None
    attributes: Mapping[str, Mapping[str, Any]]
    receipt: str


def dead_letter_url(client: Any, queue_url: str) -> str | None:
    """Return the URL of a queue's dead-letter queue, or None if it has none.

    Args:
        client: SQS client.
        queue_url: URL of the main queue.
    """
    answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = answer.get("Attributes", {}).get("RedrivePolicy")
    if policy is None:
        return None
    arn = json.loads(policy)["deadLetterTargetArn"]
    return str(client.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])


def peek(client: Any, url: str, *, most: int) -> list[DeadLetter]:
    """List dead letters without removing them. Each is hidden from other receivers meanwhile.

    Args:
        client: SQS client.
        url: URL of the dead-letter queue.
        most: Maximum number of messages.
    """
    peeked: list[DeadLetter] = []
    try:
        while len(peeked) < most and (letters := _receive(client, url, most - len(peeked))):
            peeked += letters
    finally:
        for letter in peeked:
            client.change_message_visibility(QueueUrl=url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)
    return peeked


def redrive(
    engine: Engine, client: Any, queue_url: str, *, reason: str, operator: str, most: int
) -> Iterator[DeadLetter]:
    """Move dead letters back into their queue one by one; yield each after it was moved.

    The reason is recorded first, then the message is sent, then the dead letter is deleted. A crash in between sends
    a message twice, which is harmless because workers claim videos. A video that was given up is reopened.

    Args:
        engine: Database engine.
        client: SQS client.
        queue_url: URL of the main queue.
        reason: Reason of the redrive, for the record.
        operator: Name of the operator, for the record.
        most: Maximum number of messages. It prevents an endless loop of messages that fail again.
    """
    url = dead_letter_url(client, queue_url)
    moved = 0
    while url is not None and moved < most and (letters := _receive(client, url, 1)):
        (letter,) = letters
        with engine.begin() as connection:
            record = {"message_id": letter.id, "video_id": letter.video_id, "operator": operator, "reason": reason}
            connection.execute(_RECORD, record)
            if letter.video_id is not None:
                reopen(connection, letter.video_id)
        client.send_message(QueueUrl=queue_url, MessageBody=letter.body, MessageAttributes=letter.attributes)
        client.delete_message(QueueUrl=url, ReceiptHandle=letter.receipt)
        moved += 1
        yield letter


def _receive(client: Any, url: str, most: int) -> list[DeadLetter]:
    answer = client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=min(most, _MOST_PER_RECEIVE),
        WaitTimeSeconds=1,
        VisibilityTimeout=_HIDDEN_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp"],
        MessageAttributeNames=["All"],
    )
    return [_parse_letter(raw) for raw in answer.get("Messages", [])]


def _parse_letter(raw: Mapping[str, Any]) -> DeadLetter:
    keys = ("DataType", "StringValue", "BinaryValue")
    return DeadLetter(
        id=raw["MessageId"],
        body=raw["Body"],
        age_seconds=time.time() - int(raw["Attributes"]["SentTimestamp"]) / 1000,
        video_id=_parse_video_id(raw["Body"]),
        attributes={
            name: {key: value[key] for key in keys if key in value}
            for name, value in raw.get("MessageAttributes", {}).items()
        },
        receipt=raw["ReceiptHandle"],
    )


def _parse_video_id(body: str) -> UUID | None:
    try:
        return UUID(json.loads(body)["video_id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
