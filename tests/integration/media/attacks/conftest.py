"""Fixtures of the attacks."""

from __future__ import annotations

import dataclasses
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from attack_harness import SECRET, AttackHarness, Canary, recording_program_runs
from sqlalchemy import create_engine

from emulator import aws, resources
from services.shared.database import DRIVER_URL
from services.shared.emf_metrics import EmfMetrics
from services.shared.storage import MediaStore
from services.worker.job import WorkerContext
from services.worker.pipeline import EncodeSettings
from services.worker.toolchain import find_ffmpeg
from services.worker.workspace import Workspace
from tests.conftest import OWNER
from tests.integration.services.worker import clips
from tests.integration.services.worker.world import WorkerWorld
from workspace.postgres import Cluster


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with clips, created once."""
    folder = tmp_path_factory.mktemp("shelf")
    clips.create_clip(folder / "valid_clip.mp4", "64x64", seconds=0.6, rate="5")
    clips.create_clip(folder / "neighbour.mp4", "320x240", seconds=3, source="color=magenta")
    clips.create_clip(folder / "base.mp4", "320x240", seconds=2, rate="15")
    return folder


@pytest.fixture(scope="session")
def base(shelf: Path) -> bytes:
    """A valid clip of 30 frames with its index at the end, so that it may grow."""
    return (shelf / "base.mp4").read_bytes()


@pytest.fixture(scope="module")
def module_harness(
    encode_settings: EncodeSettings,
    shelf: Path,
    postgres_server: Cluster,
    migrated_template: str,
    aws_endpoint: str,
    aws_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[AttackHarness]:
    """Harness for all attacks of a module; at the end its worker must still work."""
    name, folder = f"attacks_{uuid.uuid4().hex}", tmp_path_factory.mktemp("attacks")
    postgres_server.copy_database(name, template=migrated_template, owner=OWNER)
    engine = create_engine(postgres_server.url(name, user=OWNER).replace("postgresql://", DRIVER_URL), pool_size=5)
    s3, sqs = aws.client("s3", aws_port), aws.client("sqs", aws_port)
    bucket = f"attacks-{uuid.uuid4().hex}"
    resources.create_bucket(s3, bucket)
    queue_url = resources.create_queue(sqs, bucket, visibility_seconds=30)
    store = MediaStore(s3, bucket)
    jobs = folder / "jobs"
    jobs.mkdir()
    workspace, canary, program = Workspace(jobs), Canary(), find_ffmpeg(os.environ)
    (root,) = jobs.iterdir()
    neighbour = root / "job-neighbour" / "in.mp4"
    neighbour.parent.mkdir()
    neighbour.write_bytes((shelf / "neighbour.mp4").read_bytes())
    neighbour.with_name("secret.txt").write_bytes(SECRET * 100)
    shared_harness = AttackHarness(
        world=WorkerWorld(engine, store, sqs, s3, bucket, queue_url),
        context=WorkerContext(
            engine=engine,
            store=store,
            workspace=workspace,
            encode_settings=encode_settings,
            lease_seconds=60,
            max_seconds=120,
            enforce_rules=False,
            offline=True,
            metrics=EmfMetrics("test", "worker"),
            release="1.2.3",
            ffmpeg=program.version,
        ),
        canary=canary,
        folder=root,
        neighbour=neighbour,
        valid_clip=shelf / "valid_clip.mp4",
        scratch=folder,
    )
    yield shared_harness
    shared_harness.check_still_works()
    workspace.close()
    canary.close()
    engine.dispose()
    postgres_server.drop_database(name)


@pytest.fixture
def harness(module_harness: AttackHarness, tmp_path: Path) -> Iterator[AttackHarness]:
    """The module's harness, with a folder and a list of program runs for this test."""
    test_harness = dataclasses.replace(module_harness, scratch=tmp_path / "scratch", program_runs=[])
    test_harness.scratch.mkdir()
    with recording_program_runs(test_harness.program_runs):
        yield test_harness
