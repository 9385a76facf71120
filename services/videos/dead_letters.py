"""The dead letters: messages that were received too often. Looked at without taking one, and moved back.

SQS has a task that moves them (StartMessageMoveTask), but it keeps no reason and opens no video again.
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
"""How long a message is hidden while it is looked at or moved; after a crash it shows again."""

_MOST_PER_RECEIVE = 10  # SQS's limit
_RECORD = text(
    "INSERT INTO redrives (message_id, video_id, operator, reason) VALUES (:message_id, :video_id, :operator, :reason)"
)


@dataclass(frozen=True)
class DeadLetter:
    """A message among the dead.

    Args:
        id: SQS's.
        body: as it was sent.
        age_seconds: since it was sent first.
        video_id: the video it names; None where it names none.
        attributes: as SQS takes them for a new message.
        receipt: by which it is shown again or deleted.
    """

    id: str
    body: str
    age_seconds: float
    video_id: UUID | None
    attributes: Mapping[str, Mapping[str, Any]]
    receipt: str


def dead_letter_url(client: Any, queue_url: str) -> str | None:
    """The URL of a queue's dead-letter queue, None where it has none.

    Args:
        client: an SQS client.
        queue_url: of the queue itself.
    """
    answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = answer.get("Attributes", {}).get("RedrivePolicy")
    if policy is None:
        return None
    arn = json.loads(policy)["deadLetterTargetArn"]
    return str(client.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])


def peek(client: Any, url: str, *, most: int) -> list[DeadLetter]:
    """Look at dead letters and leave them; each is hidden for a moment meanwhile.

    Args:
        client: an SQS client.
        url: of the dead-letter queue.
        most: how many to look at.
    """
    found: list[DeadLetter] = []
    try:
        while len(found) < most and (letters := _receive(client, url, most - len(found))):
            found += letters
    finally:
        for letter in found:
            client.change_message_visibility(QueueUrl=url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)
    return found


def redrive(
    engine: Engine, client: Any, queue_url: str, *, reason: str, operator: str, most: int
) -> Iterator[DeadLetter]:
    """Move dead letters back into their queue, one after the other, and give each once it was moved.

    The reason is recorded first, then the message is sent, then the dead one is deleted: a crash in between sends a
    message twice, which the workers' claim makes harmless. A video that was given up is opened again.

    Args:
        engine: the database.
        client: an SQS client.
        queue_url: of the queue itself.
        reason: why, for whoever asks later.
        operator: who does it.
        most: how many to move; those that die again meanwhile would else go round for ever.
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
    return [_letter(raw) for raw in answer.get("Messages", [])]


def _letter(raw: Mapping[str, Any]) -> DeadLetter:
    kept = ("DataType", "StringValue", "BinaryValue")
    return DeadLetter(
        id=raw["MessageId"],
        body=raw["Body"],
        age_seconds=time.time() - int(raw["Attributes"]["SentTimestamp"]) / 1000,
        video_id=_video_of(raw["Body"]),
        attributes={
            name: {key: value[key] for key in kept if key in value}
            for name, value in raw.get("MessageAttributes", {}).items()
        },
        receipt=raw["ReceiptHandle"],
    )


def _video_of(body: str) -> UUID | None:
    try:
        return UUID(json.loads(body)["video_id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
