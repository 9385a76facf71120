"""Faults from the browser to the queue: crashes, outages and duplicates."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import BotoCoreError
from flask import Flask
from sqlalchemy import Engine, text
from world import WorkerProcess, WorkerWorld

from emulator import aws, resources
from services.portal.scheduler import run_due
from services.shared import storage
from services.shared.queue import VideoQueue
from services.videos.outbox import relay
from services.videos.stale_videos import recover_stale_videos
from tests.e2e.up.people import ApiUser as Browser
from tests.integration.faults.invariants import settle, wait_until
from tests.integration.faults.matrix import Fault
from tests.integration.faults.toxics import Proxy
from tests.integration.services.portal import direct
from tests.integration.services.portal.crashes import Request
from tests.integration.services.portal.direct import UPLOADS, objects, rows, unfinished
from tests.integration.services.portal.people import People
from tests.integration.services.portal.process import PortalStarter
from tests.locks import held, wait_until_held
from workspace.ports import free_port

Start = Callable[..., WorkerProcess]
# The outbox row is the last insert of the transaction.
INSERT = "INSERT INTO task_results"
NO_INSERTS = "LOCK TABLE task_results IN SHARE MODE"


class UnreliableSqs:
    """An SQS client that holds sent messages, and delivers them several times in random order, as SQS may.

    The emulated SQS never does that.
    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html

    Args:
        client: client that delivers the messages.
        copies: number of deliveries of each message.
        rng: random generator of the order.
    """

    def __init__(self, client: Any, *, copies: int, rng: random.Random) -> None:
        self._client, self._copies, self._rng = client, copies, rng
        self._held: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> None:
        self._held += [message] * self._copies

    def deliver(self) -> None:
        """Deliver all held messages."""
        self._rng.shuffle(self._held)
        while self._held:
            self._client.send_message(**self._held.pop())


@pytest.fixture
def silent_s3() -> Iterator[socket.socket]:
    """An address that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        yield listener


def test_p01_browser_dies_during_upload(
    fault: Fault, app: Flask, people: People, engine: Engine, media_bucket: str, aws_port: int
) -> None:
    person = people.new()
    unfinished_upload, joined = direct.begin(person), direct.begin(person)
    direct.send(person, unfinished_upload)
    key = f"uploads/{joined['video_id']}.mp4"
    aws.client("s3", aws_port).put_object(Bucket=media_bucket, Key=key, Body=direct.CLIP)
    with app.app_context():
        run_due(0)
    assert len(unfinished(media_bucket, aws_port)) == rows(engine, "uploads") == 2
    direct.expire_all(engine)
    fault.end()
    with app.app_context():
        run_due(0)
    fault.mark_recovered()
    assert objects(media_bucket, aws_port) == unfinished(media_bucket, aws_port) == []
    assert rows(engine, "uploads") == rows(engine, "videos") == 0


def test_p02_portal_killed_before_the_parts_are_joined(
    fault: Fault, people: People, start_portal: PortalStarter, silent_s3: socket.socket, engine: Engine
) -> None:
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    portal = start_portal(variables={"AWS_ENDPOINT_URL_S3": aws.endpoint(silent_s3.getsockname()[1])})
    portal.wait_until_healthy()
    request = Request(portal, person, f"{UPLOADS}/{upload['video_id']}/complete")
    with silent_s3.accept()[0]:
        portal.kill()
    fault.end()
    request.join()
    assert request.status is None
    assert rows(engine, "videos") == 0
    assert direct.complete(person, upload).status_code == 201
    fault.mark_recovered()
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (1, 0)


def test_p02_portal_killed_before_the_video_is_recorded(
    fault: Fault,
    people: People,
    start_portal: PortalStarter,
    start_worker: Start,
    world: WorkerWorld,
    engine: Engine,
    media_bucket: str,
    aws_port: int,
    short_clip: Path,
) -> None:
    person = people.new()
    clip = short_clip.read_bytes()
    upload = direct.begin(person, clip)
    direct.send(person, upload, clip)
    portal = start_portal()
    portal.wait_until_healthy()
    with held(engine, "SELECT id FROM uploads FOR KEY SHARE"):
        request = Request(portal, person, f"{UPLOADS}/{upload['video_id']}/complete")
        wait_until_held(engine, "DELETE FROM uploads")
        assert objects(media_bucket, aws_port) == [f"uploads/{upload['video_id']}.mp4"]
        portal.kill()
    fault.end()
    request.join()
    assert request.status is None
    assert rows(engine, "videos") == 0
    (waiting,) = person.get(UPLOADS).json or []
    assert (waiting["missing"], waiting["sent"]) == ([], len(clip))
    assert direct.complete(person, upload).status_code == 201
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (1, 0)
    world.uploads.append(UUID(upload["video_id"]))
    settle(world, fault, start_worker())


def test_p02_portal_killed_before_its_commit(
    fault: Fault, people: People, start_portal: PortalStarter, engine: Engine
) -> None:
    person = people.new()
    upload = direct.begin(person)
    direct.send(person, upload)
    portal = start_portal()
    portal.wait_until_healthy()
    with held(engine, NO_INSERTS):
        request = Request(portal, person, f"{UPLOADS}/{upload['video_id']}/complete")
        wait_until_held(engine, INSERT)
        portal.kill()
    fault.end()
    request.join()
    assert request.status is None
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (0, 1)
    assert direct.complete(person, upload).status_code == 201
    fault.mark_recovered()
    assert (rows(engine, "videos"), rows(engine, "task_results"), rows(engine, "uploads")) == (1, 1, 0)


def test_p02_portal_killed_after_storing_form_upload(
    fault: Fault,
    app: Flask,
    people: People,
    start_portal: PortalStarter,
    engine: Engine,
    media_bucket: str,
    aws_port: int,
) -> None:
    person = people.new()
    portal = start_portal()
    portal.wait_until_healthy()
    form = {"data": {"title": "Triple doble"}, "files": {"video_file": ("play.mp4", direct.CLIP)}}
    with held(engine, NO_INSERTS):
        request = Request(portal, person, "/api/videos/upload", **form)
        wait_until_held(engine, INSERT)
        assert len(objects(media_bucket, aws_port)) == 1
        portal.kill()
    request.join()
    assert request.status is None
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (0, 1)
    # An upload that went through the portal cannot be resumed, and does not count as unfinished.
    assert person.get(UPLOADS).json == []
    direct.expire_all(engine)
    fault.end()
    with app.app_context():
        run_due(0)
    fault.mark_recovered()
    assert objects(media_bucket, aws_port) == []
    assert (rows(engine, "videos"), rows(engine, "uploads")) == (0, 0)


def test_p03_queue_unavailable_when_video_is_recorded(
    fault: Fault,
    world: WorkerWorld,
    start_portal: PortalStarter,
    start_worker: Start,
    proxied: Callable[[int], Proxy],
    aws_port: int,
    short_clip: Path,
) -> None:
    queue = proxied(aws_port)
    portal = start_portal(variables={"AWS_ENDPOINT_URL_SQS": aws.endpoint(queue.port)}, max_upload_bytes=2**24)
    portal.wait_until_healthy()
    player = Browser(portal.url, "Valentina", "Cali")
    assert player.sign_up().ok
    player.sign_in()
    with queue.reset_peer():
        answer = player.upload(short_clip, "Robo y bandeja")
        assert answer.status_code == 201, answer.text
        world.uploads.append(UUID(answer.json()["task_id"]))
        assert world.message_counts() == (0, 0)
    fault.end()
    settle(world, fault, start_worker())


def test_p03_queue_loses_all_messages(
    fault: Fault, world: WorkerWorld, engine: Engine, start_worker: Start, short_clip: Path, tmp_path: Path
) -> None:
    """The queue's server restarts with an empty queue; the sweep finds the stale video."""
    port = free_port()
    name = f"videos-{uuid4().hex}"
    server = aws.start(port, log=tmp_path / "moto.log")
    sqs = aws.client("sqs", port)
    url = resources.create_queue(sqs, name, visibility_seconds=10)
    video_id = uuid4()
    world.store.store_file(storage.original_key(video_id), short_clip, "video/mp4")
    world.add_row(video_id)
    assert relay(engine, VideoQueue(sqs, url)) == 1
    server.stop(grace_seconds=0)
    server = aws.start(port, log=tmp_path / "moto.log")
    try:
        assert resources.create_queue(sqs, name, visibility_seconds=10) == url
        fault.end()
        worker = start_worker(queue_url=url, variables={"AWS_ENDPOINT_URL_SQS": aws.endpoint(port)})
        wait_until(lambda: _sweep_and_relay(engine, VideoQueue(sqs, url)) == 1)
        wait_until(lambda: world.video(video_id).status == "processed")
        settle(world, fault, worker)
        assert world.attempts(video_id) == 1
    finally:
        server.stop()


def _sweep_and_relay(engine: Engine, queue: VideoQueue) -> int:
    """Do what the portal's scheduler does, with a threshold of one second."""
    with engine.begin() as connection:
        recover_stale_videos(connection, stale_after_seconds=1, queue_is_empty=queue.waiting() == 0)
    return relay(engine, queue)


def test_p04_reply_to_sent_message_lost(
    fault: Fault,
    world: WorkerWorld,
    engine: Engine,
    start_worker: Start,
    proxied: Callable[[int], Proxy],
    aws_port: int,
    short_clip: Path,
) -> None:
    queue = proxied(aws_port)
    proxied_queue = VideoQueue(aws.client("sqs", queue.port), world.queue_url)
    video_id = uuid4()
    world.store.store_file(storage.original_key(video_id), short_clip, "video/mp4")
    world.add_row(video_id)
    with queue.limit_data(0), pytest.raises(BotoCoreError):
        relay(engine, proxied_queue)
    fault.end()
    assert relay(engine, proxied_queue) == 1
    assert world.message_counts()[0] >= 2
    settle(world, fault, start_worker(worker_concurrency=2))
    assert world.attempts(video_id) == 1


def test_p05_messages_duplicated_and_reordered(
    fault: Fault, world: WorkerWorld, engine: Engine, start_worker: Start, short_clip: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201
    unreliable = UnreliableSqs(world.sqs, copies=3, rng=random.Random(seed))
    for _ in range(4):
        video_id = uuid4()
        world.store.store_file(storage.original_key(video_id), short_clip, "video/mp4")
        world.add_row(video_id)
    assert relay(engine, VideoQueue(unreliable, world.queue_url)) == 4
    unreliable.deliver()
    fault.end()
    settle(world, fault, start_worker(worker_concurrency=2), start_worker())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT attempt FROM videos")).scalars().all() == [1] * 4
