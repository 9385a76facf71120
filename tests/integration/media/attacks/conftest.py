"""The arena of the attacks: with the network taken away, and with the flags alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from arena import SECRET, Arena, Canary, watched
from sqlalchemy import create_engine

from operations.local import aws
from services.core.database import DRIVER_URL
from services.core.measures import Measures
from services.core.storage import MediaStore
from services.worker.job import Bench
from services.worker.pipeline import Recipe
from services.worker.programs import find_ffmpeg
from services.worker.workspace import Workspace
from tests.integration.services.worker import clips
from tests.integration.services.worker.world import World


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips that are made once."""
    folder = tmp_path_factory.mktemp("shelf")
    clips.make(folder / "honest.mp4", "64x64", seconds=0.6, rate="5")
    clips.make(folder / "neighbour.mp4", "320x240", seconds=3, source="color=magenta")
    clips.make(folder / "base.mp4", "320x240", seconds=2, rate="15")
    return folder


@pytest.fixture(scope="session")
def base(shelf: Path) -> bytes:
    """An honest clip of 30 pictures whose index comes last, so that it may grow."""
    return (shelf / "base.mp4").read_bytes()


@pytest.fixture
def offline() -> bool:
    """Whether programs are cut off from the network; attacks that call somebody are tried both ways."""
    return True


@pytest.fixture
def arena(
    offline: bool,
    recipe: Recipe,
    shelf: Path,
    database_url: str,
    media_bucket: str,
    queue_url: str,
    aws_port: int,
    tmp_path: Path,
) -> Iterator[Arena]:
    """A bench whose worker has another player's video beside it."""
    engine = create_engine(database_url.replace("postgresql://", DRIVER_URL), pool_size=5)
    s3 = aws.client("s3", aws_port)
    store = MediaStore(s3, media_bucket)
    jobs, scratch = tmp_path / "jobs", tmp_path / "scratch"
    jobs.mkdir()
    scratch.mkdir()
    workspace, canary, program = Workspace(jobs), Canary(), find_ffmpeg(os.environ)
    (root,) = jobs.iterdir()
    neighbour = root / "job-neighbour" / "in.mp4"
    neighbour.parent.mkdir()
    neighbour.write_bytes((shelf / "neighbour.mp4").read_bytes())
    neighbour.with_name("secret.txt").write_bytes(SECRET * 100)
    arena = Arena(
        world=World(engine, store, aws.client("sqs", aws_port), s3, media_bucket, queue_url),
        bench=Bench(
            engine=engine,
            store=store,
            workspace=workspace,
            recipe=recipe,
            lease_seconds=60,
            max_seconds=120,
            enforce_rules=False,
            offline=offline,
            measures=Measures("test", "worker"),
            release="1.2.3",
            ffmpeg=program.version,
        ),
        canary=canary,
        folder=root,
        neighbour=neighbour,
        honest=shelf / "honest.mp4",
        scratch=scratch,
    )
    with watched(arena.ran):
        yield arena
    workspace.close()
    canary.close()
    engine.dispose()
