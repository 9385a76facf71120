"""What the queue may hold beside good messages."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from world import World, until

from services.consumer import Consumer, Message, Options, UnreadableMessage
from services.worker.handler import VideoHandler, video_of
from services.worker.job import Bench


def message(body: str, **attributes: str) -> Message:
    return Message(id="m", body=body, attributes=attributes, receive_count=1, receipt="r")


def test_a_message_names_its_video() -> None:
    video_id = uuid4()
    body = json.dumps({"video_id": str(video_id)})
    assert video_of(message(body)) == video_id
    assert video_of(message(body, TaskType="video:processing")) == video_id


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", "7", '"text"', "{}", '{"video_id": 7}', '{"video_id": null}', '{"video_id": "x"}']
)
def test_a_message_without_a_video_is_unreadable(body: str) -> None:
    with pytest.raises(UnreadableMessage, match='^the body is not {"video_id": "<uuid>"}: '):
        video_of(message(body))


def test_a_message_for_another_task_is_unreadable() -> None:
    with pytest.raises(UnreadableMessage, match="^TaskType is 'video:deleting'; known is 'video:processing'$"):
        video_of(message("{}", TaskType="video:deleting"))


def test_poison_ends_in_the_dead_letter_queue_and_others_are_not_held_up(
    world: World, bench: Bench, clip: Callable[..., Path]
) -> None:
    for body in ("{", '{"video_id": "x"}'):
        world.sqs.send_message(QueueUrl=world.queue_url, MessageBody=body)
    video_id = world.upload(clip("320x240", seconds=1))
    options = Options(
        queue_url=world.queue_url,
        slots=1,
        visibility_seconds=10,
        max_message_seconds=60,
        backoff_seconds=0,
        max_backoff_seconds=0,
    )
    consumer = Consumer(world.sqs, options, VideoHandler(bench))
    thread = threading.Thread(target=consumer.run)
    thread.start()
    until(lambda: world.waiting(world.dead_queue_url) == (2, 0))
    until(lambda: world.waiting() == (0, 0))
    consumer.stop()
    thread.join()
    assert world.video(video_id).status == "processed"
