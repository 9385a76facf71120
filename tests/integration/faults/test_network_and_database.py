"""The network is cut or the database is killed while a worker runs."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from world import WorkerProcess, WorkerWorld

from emulator import aws, resources
from tests.integration.faults.invariants import settle, wait_until, wait_until_encoding
from tests.integration.faults.matrix import Fault
from tests.integration.faults.toxics import Proxy
from tests.killable_postgres import NAME, KillablePostgres
from workspace.postgres import SUPERUSER, Cluster

Start = Callable[..., WorkerProcess]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillablePostgres]:
    killable = KillablePostgres(tmp_path_factory.mktemp("killable"))
    yield killable
    killable.stop()


@pytest.fixture
def killable_world(database: KillablePostgres, world: WorkerWorld) -> Iterator[WorkerWorld]:
    engine = database.engine()
    yield dataclasses.replace(world, engine=engine)
    engine.dispose()


@pytest.fixture
def database_settings(database: KillablePostgres, aws_port: int, aws_endpoint: str) -> dict[str, Any]:
    """Settings of a worker that uses the killable database."""
    credentials = json.dumps({"username": SUPERUSER, "password": database.cluster.password})
    secret = resources.create_secret(aws.client("secretsmanager", aws_port), uuid.uuid4().hex, credentials)
    return {"database_port": database.cluster.port, "database_name": NAME, "database_secret_arn": secret}


def test_w05_network_to_queue_and_database_cut(
    fault: Fault,
    world: WorkerWorld,
    start_worker: Start,
    start_slow: Start,
    proxied: Callable[[int], Proxy],
    postgres_server: Cluster,
    aws_port: int,
    long_clip: Path,
) -> None:
    queue, database = proxied(aws_port), proxied(postgres_server.port)
    isolated = start_slow(
        database_port=database.port, variables={"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{queue.port}"}
    )
    video_id = world.upload(long_clip)
    wait_until_encoding(world)
    with queue.timeout(), database.timeout():
        other = start_worker()
        wait_until(lambda: world.video(video_id).status == "processed")
    fault.end()
    wait_until(lambda: isolated.log_lines("claim lost") != [])
    settle(world, fault, isolated, other)
    assert world.attempts(video_id) == 2


def test_w05_queue_resets_and_delays(
    fault: Fault, world: WorkerWorld, start_slow: Start, proxied: Callable[[int], Proxy], aws_port: int, long_clip: Path
) -> None:
    queue = proxied(aws_port)
    worker = start_slow(variables={"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{queue.port}"})
    video_id = world.upload(long_clip)
    wait_until_encoding(world)
    with queue.reset_peer():
        wait_until(lambda: bool(worker.log_lines("heartbeat failed")))
    fault.end()
    with queue.latency(0.2):
        settle(world, fault, worker)
    assert world.attempts(video_id) == 1


def test_w07_database_returns_within_lease(
    fault: Fault,
    killable_world: WorkerWorld,
    database: KillablePostgres,
    database_settings: dict[str, Any],
    start_slow: Start,
    long_clip: Path,
) -> None:
    killable_world.upload(long_clip)
    worker = start_slow(**database_settings, speed=4, visibility_seconds=600)
    wait_until_encoding(killable_world)
    database.kill()
    wait_until(lambda: len(killable_world.objects()) >= 2)
    database.start()
    fault.end()
    settle(killable_world, fault, worker)
    assert killable_world.attempts(killable_world.uploads[-1]) == 1


def test_w07_database_returns_after_lease(
    fault: Fault,
    killable_world: WorkerWorld,
    database: KillablePostgres,
    database_settings: dict[str, Any],
    start_slow: Start,
    long_clip: Path,
) -> None:
    # The message is received repeatedly until the database is back.
    killable_world.allow_receives(20)
    killable_world.upload(long_clip)
    worker = start_slow(**database_settings, speed=4)
    wait_until_encoding(killable_world)
    database.kill()
    wait_until(lambda: bool(worker.log_lines("claim could not be released")))
    database.start()
    fault.end()
    settle(killable_world, fault, worker)
    assert killable_world.attempts(killable_world.uploads[-1]) == 2


def test_w07_database_is_down_when_message_arrives(
    fault: Fault,
    killable_world: WorkerWorld,
    database: KillablePostgres,
    database_settings: dict[str, Any],
    start_worker: Start,
    short_clip: Path,
) -> None:
    killable_world.allow_receives(20)
    worker = start_worker(**database_settings)
    first = killable_world.upload(short_clip)
    wait_until(lambda: killable_world.video(first).status == "processed")
    second = uuid.uuid4()
    killable_world.add_row(second)
    killable_world.store.store_file(f"uploads/{second}.mp4", short_clip, "video/mp4")
    database.kill()
    killable_world.send_message(second)
    wait_until(lambda: bool(worker.log_lines("video could not be claimed")))
    database.start()
    fault.end()
    settle(killable_world, fault, worker)
