"""Parsing of queue messages."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from services.consumer import Message, UnreadableMessage
from services.worker.handler import parse_video_id


def message(body: str, **attributes: str) -> Message:
    return Message(id="m", body=body, attributes=attributes, receive_count=1, receipt="r")


def test_message_names_its_video() -> None:
    video_id = uuid4()
    body = json.dumps({"video_id": str(video_id)})
    assert parse_video_id(message(body)) == video_id
    assert parse_video_id(message(body, TaskType="video:processing")) == video_id


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", "7", '"text"', "{}", '{"video_id": 7}', '{"video_id": null}', '{"video_id": "x"}']
)
def test_message_without_video_id_is_unreadable(body: str) -> None:
    with pytest.raises(UnreadableMessage, match='^the body is not {"video_id": "<uuid>"}: '):
        parse_video_id(message(body))


def test_message_for_other_task_is_unreadable() -> None:
    with pytest.raises(UnreadableMessage, match="^TaskType is 'video:deleting'; known is 'video:processing'$"):
        parse_video_id(message("{}", TaskType="video:deleting"))
