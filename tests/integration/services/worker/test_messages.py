"""What the queue may hold beside good messages."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from services.consumer import Message, UnreadableMessage
from services.worker.handler import video_of


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
