"""The database dies, disks fill up, workers are killed: nothing is lost and nothing is blamed on the player."""

from __future__ import annotations

import dataclasses
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine
from world import HookedStore, World, until

from operations.local.ports import free_port
from operations.local.postgres import Cluster
from services.consumer import Verdict
from services.core.migrate import read_migrations, upgrade
from services.worker import media
from services.worker.job import Bench, process
from services.worker.pipeline import Recipe
from services.worker.probe import probe
from services.worker.problems import PassingProblem
from services.worker.transcode import transcode

Maker = Callable[..., Path]
never = threading.Event()


class MortalDatabase:
    """A PostgreSQL server that a test may kill and start again."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "postgres.log"
        self._cluster = Cluster(directory=folder / "data", port=free_port(), password=secrets.token_urlsafe(16))
        self._cluster.create()
        self.start()
        with psycopg.connect(self._cluster.url("postgres")) as connection:
            upgrade(connection, read_migrations())

    def engine(self) -> Engine:
        url = self._cluster.url("postgres").replace("postgresql://", "postgresql+psycopg://")
        return create_engine(url, pool_pre_ping=True)

    def start(self) -> None:
        self._server = self._cluster.start(log=self._log)

    def die(self) -> None:
        self._server.stop(grace_seconds=0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[MortalDatabase]:
    mortal = MortalDatabase(tmp_path)
    yield mortal
    mortal.die()


@pytest.fixture
def mortal_world(database: MortalDatabase, world: World) -> World:
    return dataclasses.replace(world, engine=database.engine())


def test_a_database_that_dies_before_the_end_and_comes_back_gets_the_result(
    mortal_world: World, database: MortalDatabase, bench: Bench, hooked: HookedStore, clip: Maker
) -> None:
    video_id = mortal_world.upload(clip("320x240", seconds=1))
    back = threading.Thread(target=database.start)

    def die_and_come_back() -> None:
        database.die()
        back.start()

    hooked.when_stored = die_and_come_back
    bench = dataclasses.replace(bench, engine=mortal_world.engine, store=hooked, lease_seconds=30)
    assert process(bench, video_id, never) is Verdict.DELETE
    back.join()
    assert mortal_world.video(video_id).status == "processed"
    assert len(mortal_world.objects()) == 2


def test_a_database_that_stays_away_costs_another_attempt_and_nothing_else(
    mortal_world: World, database: MortalDatabase, bench: Bench, hooked: HookedStore, clip: Maker
) -> None:
    video_id = mortal_world.upload(clip("320x240", seconds=1))
    hooked.when_stored = database.die
    bench = dataclasses.replace(bench, engine=mortal_world.engine, store=hooked, lease_seconds=1)
    assert process(bench, video_id, never) is Verdict.RETRY
    database.start()
    hooked.when_stored = lambda: None
    until(lambda: process(bench, video_id, never) is Verdict.DELETE)
    assert mortal_world.objects() == [f"processed/{video_id}/2.jpg", f"processed/{video_id}/2.mp4"]


def test_a_disk_that_is_too_full_is_known_before_anything_is_fetched(bench: Bench) -> None:
    with pytest.raises(PassingProblem, match="bytes free, .* needed"), bench.workspace.job(original_bytes=2**60):
        pass


def test_a_disk_that_fills_up_during_the_encode_is_no_fault_of_the_players(
    bench: Bench, recipe: Recipe, clip: Maker
) -> None:
    with bench.workspace.job(original_bytes=0) as folder:
        (folder / media.ORIGINAL).write_bytes(clip("320x240", seconds=1).read_bytes())
        (folder / media.PROCESSED).symlink_to("/dev/full")
        with pytest.raises(PassingProblem, match="disk full"):
            transcode(
                folder,
                recipe,
                probe(folder, offline=True),
                seconds=60,
                offline=True,
                report=lambda _: None,
                cancelled=lambda: False,
            )


def test_a_killed_workers_video_is_finished_by_the_next_and_its_files_and_programs_are_gone(
    world: World, start_worker: Any, clip: Maker
) -> None:
    video_id = world.upload(clip("1080x1920", seconds=45, sound=True, source="color=red"))
    killed = start_worker()
    until(lambda: world.video(video_id).progress > 0)
    assert len(killed.encoders()) == 1
    killed.kill()
    until(lambda: killed.encoders() == [])
    assert len(killed.leftovers()) == 1

    worker = start_worker()
    until(lambda: world.video(video_id).status == "processed")
    assert world.attempts(video_id) == 2
    until(lambda: world.waiting() == (0, 0))
    assert worker.terminate() == 0
    world.check_settled()
    assert worker.leftovers() == []


def test_a_worker_frozen_until_it_is_overtaken_does_no_harm_when_it_wakes(
    world: World, start_worker: Any, clip: Maker, tmp_path: Path
) -> None:
    video_id = world.upload(clip("1080x1920", seconds=45, sound=True, source="color=red"))
    frozen = start_worker()
    until(lambda: world.video(video_id).progress > 0)
    frozen.freeze()
    awake = start_worker()
    until(lambda: world.video(video_id).status == "processed")
    frozen.thaw()
    until(lambda: frozen.said("claim lost") != [])
    assert (frozen.terminate(), awake.terminate()) == (0, 0)
    assert world.attempts(video_id) == 2
    world.check_settled()
