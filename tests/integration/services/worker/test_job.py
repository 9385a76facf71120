"""Processing of one video by the worker, undisturbed and with interference."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import clips
import psutil
import pytest
from sqlalchemy import text
from world import HookedStore, WorkerWorld, wait_until

from emulator import aws
from services.consumer import Message, Verdict
from services.shared import storage
from services.videos import claims
from services.worker.handler import VideoHandler
from services.worker.job import WorkerContext, process
from workspace.ports import free_port

Maker = Callable[..., Path]
not_interrupted = threading.Event()


@pytest.fixture
def short_clip(clip: Maker) -> Path:
    return clip("320x240", seconds=1)


@pytest.fixture
def long_clip(clip: Maker) -> Path:
    """A clip that takes several seconds to process."""
    return clip("1280x720", seconds=15, sound=True, source="color=red")


def expire_lease(world: WorkerWorld) -> None:
    with world.engine.begin() as connection:
        connection.execute(text("UPDATE videos SET lease_until = now() - interval '1 second'"))


def test_video_is_published_with_poster_and_preview(
    world: WorkerWorld, context: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    video_id = world.upload(clip("640x360", seconds=2, sound=True))

    assert process(context, video_id, not_interrupted) is Verdict.DELETE

    video = world.video(video_id)
    assert (video.status, video.progress, video.failure_reason) == ("processed", 100, None)
    assert video.processed_url == f"processed/{video_id}/1.mp4"
    assert video.poster_url == f"processed/{video_id}/1.jpg"
    assert video.preview_url == f"processed/{video_id}/1.preview.mp4"
    info = clips.inspect(world.fetch(video.processed_url, tmp_path))
    assert (info.width, info.height, info.stream_types) == (1280, 720, ("video",))
    for key in (video.processed_url, video.preview_url):
        assert world.s3.head_object(Bucket=world.bucket, Key=key)["ContentType"] == "video/mp4"


def test_progress_is_visible_during_processing(world: WorkerWorld, context: WorkerContext, long_clip: Path) -> None:
    video_id = world.upload(long_clip)
    progress = set()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(process, context, video_id, not_interrupted)
        while not running.done():
            progress.add(world.video(video_id).progress)
    assert len([percent for percent in progress if 0 < percent < 100]) >= 2


def test_job_leaves_no_files(world: WorkerWorld, fast_context: WorkerContext, short_clip: Path, tmp_path: Path) -> None:
    process(fast_context, world.upload(short_clip), not_interrupted)
    assert [path.name for path in (tmp_path / "workspace").rglob("*") if path.is_file()] == ["lock"]


def test_processed_video_is_not_processed_again(
    world: WorkerWorld, fast_context: WorkerContext, short_clip: Path
) -> None:
    video_id = world.upload(short_clip)
    process(fast_context, video_id, not_interrupted)
    assert process(fast_context, video_id, not_interrupted) is Verdict.DELETE
    assert world.attempts(video_id) == 1


def test_deleted_video_is_skipped(world: WorkerWorld, fast_context: WorkerContext, short_clip: Path) -> None:
    video_id = world.upload(short_clip)
    world.delete(video_id)
    assert process(fast_context, video_id, not_interrupted) is Verdict.DELETE
    assert world.objects() == []


def test_message_of_held_video_is_deleted_before_dead_lettering(
    world: WorkerWorld, fast_context: WorkerContext, short_clip: Path
) -> None:
    video_id = world.upload(short_clip)
    with world.engine.begin() as connection:
        held = claims.claim(connection, video_id, lease_seconds=60)
    assert isinstance(held, claims.Claim)
    handle, verdicts = VideoHandler(fast_context), []
    body = json.dumps({"video_id": str(video_id)})
    for receives in range(1, 6):
        message = Message(id="m", body=body, attributes={}, receive_count=receives, receipt="r")
        verdicts.append(handle(message, not_interrupted))
    assert verdicts == [Verdict.RETRY] * 3 + [Verdict.DELETE] * 2
    assert world.attempts(video_id) == 1


def test_duplicate_messages_process_video_once(world: WorkerWorld, context: WorkerContext, long_clip: Path) -> None:
    video_id = world.upload(long_clip)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(process, context, video_id, not_interrupted)
        wait_until(lambda: world.video(video_id).progress > 0)
        assert process(context, video_id, not_interrupted) is Verdict.RETRY
        assert first.result() is Verdict.DELETE
    assert process(context, video_id, not_interrupted) is Verdict.DELETE
    assert world.attempts(video_id) == 1
    assert len(world.objects()) == 3


def test_video_deleted_during_processing_leaves_no_objects(
    world: WorkerWorld, context: WorkerContext, long_clip: Path
) -> None:
    video_id = world.upload(long_clip)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(process, context, video_id, not_interrupted)
        wait_until(lambda: world.video(video_id).progress > 0)
        world.delete(video_id)
        assert running.result() is Verdict.DELETE
    assert world.objects() == []


def test_video_deleted_before_commit_leaves_no_objects(
    world: WorkerWorld, fast_context: WorkerContext, hooked: HookedStore, short_clip: Path
) -> None:
    video_id = world.upload(short_clip)
    hooked.when_stored = lambda: world.delete(video_id)
    assert process(dataclasses.replace(fast_context, store=hooked), video_id, not_interrupted) is Verdict.DELETE
    assert world.objects() == []


def test_superseded_attempt_deletes_its_objects(
    world: WorkerWorld, fast_context: WorkerContext, hooked: HookedStore, short_clip: Path
) -> None:
    video_id = world.upload(short_clip)

    def supersede() -> None:
        expire_lease(world)
        with world.engine.begin() as connection:
            claim = claims.claim(connection, video_id, lease_seconds=60)
        assert isinstance(claim, claims.Claim)

    hooked.when_stored = supersede
    assert process(dataclasses.replace(fast_context, store=hooked), video_id, not_interrupted) is Verdict.ABANDON
    assert world.objects() == []
    assert (world.video(video_id).status, world.attempts(video_id)) == ("processing", 2)


def test_failed_superseded_attempt_leaves_no_objects(
    world: WorkerWorld, fast_context: WorkerContext, hooked: HookedStore, short_clip: Path
) -> None:
    video_id = world.upload(short_clip)

    def supersede_and_fail() -> None:
        expire_lease(world)
        assert process(fast_context, video_id, not_interrupted) is Verdict.DELETE
        raise OSError("network lost")

    hooked.when_stored = supersede_and_fail
    assert process(dataclasses.replace(fast_context, store=hooked), video_id, not_interrupted) is Verdict.DELETE
    assert world.objects() == [f"processed/{video_id}/2.{kind}" for kind in ("jpg", "mp4", "preview.mp4")]


def test_superseded_attempt_keeps_objects_of_finished_attempt(
    world: WorkerWorld, fast_context: WorkerContext, hooked: HookedStore, short_clip: Path
) -> None:
    video_id = world.upload(short_clip)

    def supersede() -> None:
        expire_lease(world)
        assert process(fast_context, video_id, not_interrupted) is Verdict.DELETE

    hooked.when_stored = supersede
    assert process(dataclasses.replace(fast_context, store=hooked), video_id, not_interrupted) is Verdict.DELETE
    assert world.objects() == [f"processed/{video_id}/2.{kind}" for kind in ("jpg", "mp4", "preview.mp4")]


def test_lost_commit_reply_is_not_a_lost_claim(
    world: WorkerWorld, fast_context: WorkerContext, hooked: HookedStore, short_clip: Path
) -> None:
    video_id = world.upload(short_clip)

    def commit() -> None:
        keys = {
            "processed_key": storage.processed_key(video_id, 1),
            "poster_key": storage.poster_key(video_id, 1),
            "preview_key": storage.preview_key(video_id, 1),
        }
        with world.engine.begin() as connection:
            claim = claims.Claim(video_id, 1, storage.original_key(video_id))
            assert claims.finish(connection, claim, **keys)

    hooked.when_stored = commit
    assert process(dataclasses.replace(fast_context, store=hooked), video_id, not_interrupted) is Verdict.DELETE
    assert len(world.objects()) == 3


def test_finished_attempt_deletes_objects_of_dead_attempt(
    world: WorkerWorld, fast_context: WorkerContext, short_clip: Path
) -> None:
    video_id = world.upload(short_clip)
    with world.engine.begin() as connection:
        claims.claim(connection, video_id, lease_seconds=60)
    world.store.store_file(storage.processed_key(video_id, 1), short_clip, "video/mp4")
    expire_lease(world)
    process(fast_context, video_id, not_interrupted)
    assert world.objects() == [f"processed/{video_id}/2.{kind}" for kind in ("jpg", "mp4", "preview.mp4")]


def test_interrupted_job_releases_video_immediately(
    world: WorkerWorld, context: WorkerContext, long_clip: Path, tmp_path: Path
) -> None:
    video_id = world.upload(long_clip)
    interrupted = threading.Event()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(process, context, video_id, interrupted)
        wait_until(lambda: world.video(video_id).progress > 0)
        interrupted.set()
        assert running.result() is Verdict.RELEASE
    assert (world.video(video_id).status, world.video(video_id).progress) == ("uploaded", 0)
    assert world.detail(video_id) == "the worker was stopped"
    assert world.objects() == []
    assert encoders() == []


def test_killed_encoder_does_not_fail_video(world: WorkerWorld, context: WorkerContext, long_clip: Path) -> None:
    video_id = world.upload(long_clip)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(process, context, video_id, not_interrupted)
        wait_until(lambda: world.video(video_id).progress > 0)
        (encoder,) = encoders()
        encoder.kill()
        assert running.result() is Verdict.RETRY
    assert world.video(video_id).status == "uploaded"
    assert str(world.detail(video_id)).startswith("TransientError: ffmpeg was killed externally, code -9")


def test_unreachable_bucket_does_not_fail_video(
    world: WorkerWorld, fast_context: WorkerContext, short_clip: Path
) -> None:
    video_id = world.upload(short_clip)
    unreachable = storage.MediaStore(aws.client("s3", free_port()), world.bucket)
    assert process(dataclasses.replace(fast_context, store=unreachable), video_id, not_interrupted) is Verdict.RETRY
    assert (world.video(video_id).status, world.video(video_id).failure_reason) == ("uploaded", None)
    assert "EndpointConnectionError" in str(world.detail(video_id))


def test_bucket_failure_leaves_no_objects(
    world: WorkerWorld, fast_context: WorkerContext, hooked: HookedStore, short_clip: Path
) -> None:
    def fail() -> None:
        raise OSError("network lost")

    video_id = world.upload(short_clip)
    hooked.when_stored = fail
    assert process(dataclasses.replace(fast_context, store=hooked), video_id, not_interrupted) is Verdict.RETRY
    assert world.objects() == []
    assert process(fast_context, video_id, not_interrupted) is Verdict.DELETE
    assert world.video(video_id).status == "processed"


def encoders() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.name().startswith("ffmpeg")]
