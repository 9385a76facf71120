"""The network is cut and the database is killed under a worker that goes on."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from world import WorkerProcess, World

from emulator import aws, resources
from tests.integration.faults.invariants import begun, settle, until
from tests.integration.faults.matrix import Fault
from tests.integration.faults.toxics import Proxy
from tests.killable_postgres import NAME, MortalDatabase
from workspace.postgres import SUPERUSER, Cluster

Start = Callable[..., WorkerProcess]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalDatabase]:
    mortal = MortalDatabase(tmp_path_factory.mktemp("mortal"))
    yield mortal
    mortal.stop()


@pytest.fixture
def mortal_world(database: MortalDatabase, world: World) -> Iterator[World]:
    engine = database.engine()
    yield dataclasses.replace(world, engine=engine)
    engine.dispose()


@pytest.fixture
def at_database(database: MortalDatabase, aws_port: int, aws_endpoint: str) -> dict[str, Any]:
    """What leads a worker to it."""
    credentials = json.dumps({"username": SUPERUSER, "password": database.cluster.password})
    secret = resources.create_secret(aws.client("secretsmanager", aws_port), uuid.uuid4().hex, credentials)
    return {"database_port": database.cluster.port, "database_name": NAME, "database_secret_arn": secret}


def test_w05_network_to_queue_and_database_cut(
    fault: Fault,
    world: World,
    start_worker: Start,
    start_slow: Start,
    proxied: Callable[[int], Proxy],
    postgres_server: Cluster,
    aws_port: int,
    long: Path,
) -> None:
    queue, database = proxied(aws_port), proxied(postgres_server.port)
    alone = start_slow(
        database_port=database.port, variables={"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{queue.port}"}
    )
    video_id = world.upload(long)
    begun(world)
    with queue.timeout(), database.timeout():
        other = start_worker()
        until(lambda: world.video(video_id).status == "processed")
    fault.ends()
    until(lambda: alone.said("claim lost") != [])
    settle(world, fault, alone, other)
    assert world.attempts(video_id) == 2


def test_w05_queue_that_resets_and_delays(
    fault: Fault, world: World, start_slow: Start, proxied: Callable[[int], Proxy], aws_port: int, long: Path
) -> None:
    queue = proxied(aws_port)
    worker = start_slow(variables={"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{queue.port}"})
    video_id = world.upload(long)
    begun(world)
    with queue.reset_peer():
        until(lambda: bool(worker.said("heartbeat failed")))
    fault.ends()
    with queue.latency(0.2):
        settle(world, fault, worker)
    assert world.attempts(video_id) == 1


def test_w07_database_that_comes_back_within_the_lease(
    fault: Fault,
    mortal_world: World,
    database: MortalDatabase,
    at_database: dict[str, Any],
    start_slow: Start,
    long: Path,
) -> None:
    mortal_world.upload(long)
    worker = start_slow(**at_database, speed=4, visibility_seconds=600)
    begun(mortal_world)
    database.kill()
    until(lambda: len(mortal_world.objects()) >= 2)
    database.start()
    fault.ends()
    settle(mortal_world, fault, worker)
    assert mortal_world.attempts(mortal_world.uploads[-1]) == 1


def test_w07_database_that_stays_away(
    fault: Fault,
    mortal_world: World,
    database: MortalDatabase,
    at_database: dict[str, Any],
    start_slow: Start,
    long: Path,
) -> None:
    # It is received in vain until the database has started again.
    mortal_world.allow_receives(20)
    mortal_world.upload(long)
    worker = start_slow(**at_database, speed=4)
    begun(mortal_world)
    database.kill()
    until(lambda: bool(worker.said("claim could not be released")))
    database.start()
    fault.ends()
    settle(mortal_world, fault, worker)
    assert mortal_world.attempts(mortal_world.uploads[-1]) == 2


def test_w07_database_that_is_away_when_a_message_comes(
    fault: Fault,
    mortal_world: World,
    database: MortalDatabase,
    at_database: dict[str, Any],
    start_worker: Start,
    short: Path,
) -> None:
    mortal_world.allow_receives(20)
    worker = start_worker(**at_database)
    first = mortal_world.upload(short)
    until(lambda: mortal_world.video(first).status == "processed")
    second = uuid.uuid4()
    mortal_world.add_row(second)
    mortal_world.store.store_file(f"uploads/{second}.mp4", short, "video/mp4")
    database.kill()
    mortal_world.ask_for(second)
    until(lambda: bool(worker.said("video could not be claimed")))
    database.start()
    fault.ends()
    settle(mortal_world, fault, worker)
