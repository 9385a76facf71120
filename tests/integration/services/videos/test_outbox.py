"""The outbox: what was uploaded reaches the queue, also when the queue was away."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from botocore.exceptions import EndpointConnectionError
from sqlalchemy import Connection, Engine, text

from emulator import aws
from services.shared.aws import aws_client
from services.shared.queue import TASK_TYPE, VideoQueue
from services.videos.outbox import relay
from tests.integration.services.world import World
from tests.sqs_messages import queued
from workspace.ports import free_port


@pytest.fixture
def queue(queue_url: str) -> VideoQueue:
    return VideoQueue(aws_client("sqs", aws.REGION), queue_url)


def received(queue_url: str, aws_port: int) -> list[UUID]:
    return [UUID(body["video_id"]) for body in queued(queue_url, aws_port)]


def test_what_is_unsent_is_sent_once(
    engine: Engine, world: World, queue: VideoQueue, queue_url: str, aws_port: int
) -> None:
    owner = world.person()
    videos = [world.uploaded(owner) for _ in range(3)]
    assert relay(engine, queue) == 3
    assert relay(engine, queue) == 0
    assert sorted(received(queue_url, aws_port)) == sorted(videos)


def test_a_message_says_what_is_asked_for(
    engine: Engine, world: World, queue: VideoQueue, queue_url: str, aws_port: int
) -> None:
    video_id = world.uploaded(world.person())
    relay(engine, queue)
    (message,) = aws.client("sqs", aws_port).receive_message(QueueUrl=queue_url, MessageAttributeNames=["All"])[
        "Messages"
    ]
    assert json.loads(message["Body"]) == {"video_id": str(video_id)}
    assert message["MessageAttributes"]["TaskType"]["StringValue"] == TASK_TYPE


def test_what_could_not_be_sent_is_sent_later(
    engine: Engine,
    world: World,
    queue: VideoQueue,
    queue_url: str,
    aws_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    video_id = world.uploaded(world.person())
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.endpoint(free_port()))
    away = VideoQueue(aws_client("sqs", aws.REGION), queue_url.replace(str(aws_port), str(free_port())))
    with pytest.raises(EndpointConnectionError):
        relay(engine, away)
    assert relay(engine, queue) == 1
    assert received(queue_url, aws_port) == [video_id]


def test_many_at_once_send_each_video_once(
    engine: Engine, world: World, queue: VideoQueue, queue_url: str, aws_port: int
) -> None:
    owner = world.person()
    videos = [world.uploaded(owner) for _ in range(20)]

    def work(_: int) -> int:
        return sum(iter(lambda: relay(engine, queue, most=2), 0))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) == 20
    assert sorted(received(queue_url, aws_port)) == sorted(videos)


def test_a_video_that_a_worker_has_already_is_not_sent(
    engine: Engine, connection: Connection, world: World, queue: VideoQueue
) -> None:
    world.published(world.person())
    assert relay(engine, queue) == 0


def test_a_transaction_that_is_not_committed_sends_nothing(
    engine: Engine, world: World, queue: VideoQueue, queue_url: str, aws_port: int
) -> None:
    """As after a crash between the upload's insert and its commit."""
    owner = world.person()
    insert: Any = text(
        "WITH v AS (INSERT INTO videos (user_id, title, original_filename, original_url) "
        "VALUES (:owner, 't', 'f', 'u') RETURNING id) INSERT INTO task_results (task_id, video_id) SELECT id, id FROM v"
    )
    with engine.connect() as crashing:
        crashing.execute(insert, {"owner": owner})
        assert relay(engine, queue) == 0
    assert relay(engine, queue) == 0
