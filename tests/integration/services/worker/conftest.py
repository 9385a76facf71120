"""Fixtures of the worker's tests: environment, job context, uploads and cached clips."""

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
from world import HookedStore, WorkerProcess, WorkerWorld

from emulator import aws
from operations.local.deployment import LOOPBACK_WORKER
from services.environment import PortalEnvironment, ServiceEnvironment, WorkerEnvironment
from services.shared import storage
from services.shared.emf_metrics import EmfMetrics
from services.worker.job import WorkerContext
from services.worker.pipeline import EncodeSettings
from services.worker.toolchain import find_bumper, find_ffmpeg, find_watermark
from services.worker.workspace import Workspace
from stacks.settings.model import Settings

REPLAY = """#!/bin/sh
set -e
key=$({{ printf '%s\\n' "$@"; cat in.mp4; }} | sha256sum | cut -c 1-64)
cached={cache}/$key
if [ ! -e "$cached" ]; then
    {real} "$@" > progress.txt
    mkdir "$cached.new"
    cp out.mp4 poster.jpg preview.mp4 progress.txt "$cached.new"
    mv "$cached.new" "$cached"
fi
cp "$cached"/*.mp4 "$cached"/*.jpg .
cat "$cached/progress.txt"
"""


@pytest.fixture
def worker_environment(portal_environment: PortalEnvironment) -> WorkerEnvironment:
    """Environment of a worker, for this test only."""
    shared = {field.name: getattr(portal_environment, field.name) for field in dataclasses.fields(ServiceEnvironment)}
    return WorkerEnvironment(
        **(
            LOOPBACK_WORKER
            | shared
            | {"visibility_seconds": 10, "max_job_seconds": 120, "require_isolation": True, "stop_seconds": 25}
        )
    )


@pytest.fixture
def encode_settings() -> EncodeSettings:
    return EncodeSettings(
        ffmpeg=clips.FFMPEG, watermark=find_watermark(), bumper=find_bumper(), max_seconds=30, threads=3
    )


@pytest.fixture
def store(media_bucket: str, aws_port: int) -> storage.MediaStore:
    return storage.MediaStore(aws.client("s3", aws_port), media_bucket)


@pytest.fixture
def hooked(media_bucket: str, aws_port: int) -> HookedStore:
    return HookedStore(aws.client("s3", aws_port), media_bucket)


@pytest.fixture
def context(
    engine: Engine,
    store: storage.MediaStore,
    encode_settings: EncodeSettings,
    worker_environment: WorkerEnvironment,
    tmp_path: Path,
) -> Iterator[WorkerContext]:
    """Context for running jobs in this process."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    workspace = Workspace(folder)
    yield WorkerContext(
        engine=engine,
        store=store,
        workspace=workspace,
        encode_settings=encode_settings,
        lease_seconds=math.floor(worker_environment.visibility_seconds * 2 / 3),
        max_seconds=worker_environment.max_job_seconds,
        enforce_rules=False,
        offline=True,
        metrics=EmfMetrics("test", "worker"),
        release="1.2.3",
        ffmpeg=find_ffmpeg(os.environ).version,
    )
    workspace.close()


@pytest.fixture(scope="session")
def replaying_ffmpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ffmpeg wrapper that caches its outputs by command and input file."""
    folder = tmp_path_factory.mktemp("replayed")
    program = folder / "ffmpeg"
    program.write_text(REPLAY.format(real=clips.FFMPEG, cache=folder))
    program.chmod(0o755)
    return program


@pytest.fixture
def fast_context(context: WorkerContext, replaying_ffmpeg: Path) -> WorkerContext:
    """Context with cached encodes, for tests of everything around the encoding."""
    return dataclasses.replace(
        context, encode_settings=dataclasses.replace(context.encode_settings, ffmpeg=replaying_ffmpeg)
    )


@pytest.fixture
def world(engine: Engine, store: storage.MediaStore, media_bucket: str, queue_url: str, aws_port: int) -> WorkerWorld:
    worker_world = WorkerWorld(
        engine, store, aws.client("sqs", aws_port), aws.client("s3", aws_port), media_bucket, queue_url
    )
    worker_world.allow_receives(Settings.model_fields["max_receive_count"].default)
    return worker_world


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that creates a clip, cached by its options."""
    folder = tmp_path_factory.mktemp("clips")
    cache: dict[str, Path] = {}

    def get(size: str = "640x360", *, ending: str = "mp4", **options: Any) -> Path:
        key = repr((size, ending, sorted(options.items())))
        if key not in cache:
            cache[key] = clips.create_clip(folder / f"{len(cache)}.{ending}", size, **options)
        return cache[key]

    return get


@pytest.fixture
def start_worker(worker_environment: WorkerEnvironment, tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Return a function that starts a worker process; they share a temporary folder and are killed after the test."""
    started: list[WorkerProcess] = []

    def start(
        *,
        variables: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        program: Sequence[str] = ("-m", "services.worker"),
        **changes: Any,
    ) -> WorkerProcess:
        environment = dataclasses.replace(worker_environment, **changes)
        worker = WorkerProcess(environment, tmp_path / "temporary", variables or {}, prefix, program)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
