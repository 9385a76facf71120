"""What the worker's tests share: its environment, its bench, uploads, and clips made once."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import clips
import pytest
from sqlalchemy import Engine
from world import HookedStore, WorkerProcess, World

from emulator import aws
from services.environment import PortalEnvironment, ServiceEnvironment, WorkerEnvironment
from services.shared import storage
from services.shared.emf_metrics import EmfMetrics
from services.worker.job import WorkerContext
from services.worker.pipeline import EncodeSettings
from services.worker.toolchain import find_curtain, find_ffmpeg, find_watermark
from services.worker.workspace import Workspace
from stacks.settings.model import Settings

REPLAY = """#!/bin/sh
set -e
key=$({{ printf '%s\\n' "$@"; cat in.mp4; }} | sha256sum | cut -c 1-64)
kept={kept}/$key
if [ ! -e "$kept" ]; then
    {real} "$@" > progress.txt
    mkdir "$kept.new"
    cp out.mp4 poster.jpg preview.mp4 progress.txt "$kept.new"
    mv "$kept.new" "$kept"
fi
cp "$kept"/*.mp4 "$kept"/*.jpg .
cat "$kept/progress.txt"
"""


@pytest.fixture
def worker_environment(portal_environment: PortalEnvironment) -> WorkerEnvironment:
    """The environment of a worker of this test alone."""
    shared = {field.name: getattr(portal_environment, field.name) for field in dataclasses.fields(ServiceEnvironment)}
    return WorkerEnvironment(
        **shared,
        worker_concurrency=1,
        visibility_seconds=10,
        max_job_seconds=120,
        max_clip_seconds=30,
        enforce_clip_rules=False,
        require_isolation=True,
        stop_seconds=25,
    )


@pytest.fixture
def recipe() -> EncodeSettings:
    return EncodeSettings(
        ffmpeg=clips.FFMPEG, watermark=find_watermark(), curtain=find_curtain(), max_seconds=30, threads=3
    )


@pytest.fixture
def store(media_bucket: str, aws_port: int) -> storage.MediaStore:
    return storage.MediaStore(aws.client("s3", aws_port), media_bucket)


@pytest.fixture
def hooked(media_bucket: str, aws_port: int) -> HookedStore:
    return HookedStore(aws.client("s3", aws_port), media_bucket)


@pytest.fixture
def bench(
    engine: Engine,
    store: storage.MediaStore,
    recipe: EncodeSettings,
    worker_environment: WorkerEnvironment,
    tmp_path: Path,
) -> Iterator[WorkerContext]:
    """What a worker's jobs work with, in this process."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    workspace = Workspace(folder)
    yield WorkerContext(
        engine=engine,
        store=store,
        workspace=workspace,
        recipe=recipe,
        lease_seconds=math.floor(worker_environment.visibility_seconds * 2 / 3),
        max_seconds=worker_environment.max_job_seconds,
        enforce_rules=False,
        offline=True,
        measures=EmfMetrics("test", "worker"),
        release="1.2.3",
        ffmpeg=find_ffmpeg(os.environ).version,
    )
    workspace.close()


@pytest.fixture(scope="session")
def replaying_ffmpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that encodes a file once, and then writes again what came of the same command and the same file."""
    folder = tmp_path_factory.mktemp("replayed")
    program = folder / "ffmpeg"
    program.write_text(REPLAY.format(real=clips.FFMPEG, kept=folder))
    program.chmod(0o755)
    return program


@pytest.fixture
def quick_bench(bench: WorkerContext, replaying_ffmpeg: Path) -> WorkerContext:
    """A bench for tests of what is done around the encoding."""
    return dataclasses.replace(bench, recipe=dataclasses.replace(bench.recipe, ffmpeg=replaying_ffmpeg))


@pytest.fixture
def world(engine: Engine, store: storage.MediaStore, media_bucket: str, queue_url: str, aws_port: int) -> World:
    made = World(engine, store, aws.client("sqs", aws_port), aws.client("s3", aws_port), media_bucket, queue_url)
    made.allow_receives(Settings.model_fields["max_receive_count"].default)
    return made


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a clip, or gives the one made before with the same wishes."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Path] = {}

    def get(size: str = "640x360", *, ending: str = "mp4", **wishes: Any) -> Path:
        key = repr((size, ending, sorted(wishes.items())))
        if key not in made:
            made[key] = clips.make(folder / f"{len(made)}.{ending}", size, **wishes)
        return made[key]

    return get


@pytest.fixture
def start_worker(worker_environment: WorkerEnvironment, tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts worker processes, which share a folder for temporary files, and ends them after the test."""
    started: list[WorkerProcess] = []

    def start(
        *,
        variables: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
        program: Sequence[str] = ("-m", "services.worker"),
        **changes: Any,
    ) -> WorkerProcess:
        environment = dataclasses.replace(worker_environment, **changes)
        worker = WorkerProcess(environment, tmp_path / "temporary", variables or {}, before, program)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
