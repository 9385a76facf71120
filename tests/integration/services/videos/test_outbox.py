"""The outbox: uploads reach the queue even if it was unreachable."""

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
from tests.sqs_messages import receive_all
from workspace.ports import free_port


@pytest.fixture
def queue(queue_url: str) -> VideoQueue:
    return VideoQueue(aws_client("sqs", aws.REGION), queue_url)


def receive_video_ids(queue_url: str, aws_port: int) -> list[UUID]:
    return [UUID(body["video_id"]) for body in receive_all(queue_url, aws_port)]


def test_unsent_videos_are_sent_once(
    engine: Engine, world: World, queue: VideoQueue, queue_url: str, aws_port: int
) -> None:
    owner = world.add_person()
    videos = [world.add_video(owner) for _ in range(3)]
    assert relay(engine, queue) == 3
    assert relay(engine, queue) == 0
    assert sorted(receive_video_ids(queue_url, aws_port)) == sorted(videos)


def test_message_names_the_video_and_the_task(
    engine: Engine, world: World, queue: VideoQueue, queue_url: str, aws_port: int
) -> None:
    video_id = world.add_video(world.add_person())
    relay(engine, queue)
    (message,) = aws.client("sqs", aws_port).receive_message(QueueUrl=queue_url, MessageAttributeNames=["All"])[
        "Messages"
    ]
    assert json.loads(message["Body"]) == {"video_id": str(video_id)}
    assert message["MessageAttributes"]["TaskType"]["StringValue"] == TASK_TYPE


def test_failed_send_is_retried(
    engine: Engine,
    world: World,
    queue: VideoQueue,
    queue_url: str,
    aws_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    video_id = world.add_video(world.add_person())
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.endpoint(free_port()))
    unreachable = VideoQueue(aws_client("sqs", aws.REGION), queue_url.replace(str(aws_port), str(free_port())))
    with pytest.raises(EndpointConnectionError):
        relay(engine, unreachable)
    assert relay(engine, queue) == 1
    assert receive_video_ids(queue_url, aws_port) == [video_id]


def test_concurrent_relays_send_each_video_once(
    engine: Engine, world: World, queue: VideoQueue, queue_url: str, aws_port: int
) -> None:
    owner = world.add_person()
    videos = [world.add_video(owner) for _ in range(20)]

    def work(_: int) -> int:
        return sum(iter(lambda: relay(engine, queue, most=2), 0))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) == 20
    assert sorted(receive_video_ids(queue_url, aws_port)) == sorted(videos)


def test_claimed_video_is_not_sent(engine: Engine, connection: Connection, world: World, queue: VideoQueue) -> None:
    world.publish_video(world.add_person())
    assert relay(engine, queue) == 0


def test_uncommitted_upload_is_not_sent(
    engine: Engine, world: World, queue: VideoQueue, queue_url: str, aws_port: int
) -> None:
    """As after a crash between insert and commit of an upload."""
    owner = world.add_person()
    insert: Any = text(
        "WITH v AS (INSERT INTO videos (user_id, title, original_filename, original_url) "
        "VALUES (:owner, 't', 'f', 'u') RETURNING id) INSERT INTO task_results (task_id, video_id) SELECT id, id FROM v"
    )
    with engine.connect() as crashing:
        crashing.execute(insert, {"owner": owner})
        assert relay(engine, queue) == 0
    assert relay(engine, queue) == 0
