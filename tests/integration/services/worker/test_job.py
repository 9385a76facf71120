"""One video's way through the worker, and what becomes of it when others get in its way."""

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
from world import HookedStore, World, until

from emulator import aws
from services.consumer import Message, Verdict
from services.shared import storage
from services.videos import claims
from services.worker.handler import VideoHandler
from services.worker.job import WorkerContext, process
from workspace.ports import free_port

Maker = Callable[..., Path]
never = threading.Event()


@pytest.fixture
def short(clip: Maker) -> Path:
    return clip("320x240", seconds=1)


@pytest.fixture
def long(clip: Maker) -> Path:
    """A clip that is worked on for several seconds."""
    return clip("1280x720", seconds=15, sound=True, source="color=red")


def expire_lease(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(text("UPDATE videos SET lease_until = now() - interval '1 second'"))


def test_a_video_is_processed_and_published_with_its_poster_and_its_preview(
    world: World, bench: WorkerContext, clip: Maker, tmp_path: Path
) -> None:
    video_id = world.upload(clip("640x360", seconds=2, sound=True))

    assert process(bench, video_id, never) is Verdict.DELETE

    video = world.video(video_id)
    assert (video.status, video.progress, video.failure_reason) == ("processed", 100, None)
    assert video.processed_url == f"processed/{video_id}/1.mp4"
    assert video.poster_url == f"processed/{video_id}/1.jpg"
    assert video.preview_url == f"processed/{video_id}/1.preview.mp4"
    seen = clips.look(world.fetch(video.processed_url, tmp_path))
    assert (seen.width, seen.height, seen.kinds) == (1280, 720, ("video",))
    for key in (video.processed_url, video.preview_url):
        assert world.s3.head_object(Bucket=world.bucket, Key=key)["ContentType"] == "video/mp4"


def test_how_far_the_work_is_can_be_seen_while_it_goes_on(world: World, bench: WorkerContext, long: Path) -> None:
    video_id = world.upload(long)
    seen = set()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(process, bench, video_id, never)
        while not running.done():
            seen.add(world.video(video_id).progress)
    assert len([percent for percent in seen if 0 < percent < 100]) >= 2


def test_a_job_leaves_no_file_behind(world: World, quick_bench: WorkerContext, short: Path, tmp_path: Path) -> None:
    process(quick_bench, world.upload(short), never)
    assert [path.name for path in (tmp_path / "workspace").rglob("*") if path.is_file()] == ["lock"]


def test_a_video_that_is_done_is_not_done_again(world: World, quick_bench: WorkerContext, short: Path) -> None:
    video_id = world.upload(short)
    process(quick_bench, video_id, never)
    assert process(quick_bench, video_id, never) is Verdict.DELETE
    assert world.attempts(video_id) == 1


def test_a_video_that_was_deleted_before_needs_no_work(world: World, quick_bench: WorkerContext, short: Path) -> None:
    video_id = world.upload(short)
    world.delete(video_id)
    assert process(quick_bench, video_id, never) is Verdict.DELETE
    assert world.objects() == []


def test_a_message_of_a_video_that_others_hold_for_long_is_done_with_before_it_is_dead(
    world: World, quick_bench: WorkerContext, short: Path
) -> None:
    video_id = world.upload(short)
    with world.engine.begin() as connection:
        held = claims.claim(connection, video_id, lease_seconds=60)
    assert isinstance(held, claims.Claim)
    handle, verdicts = VideoHandler(quick_bench), []
    body = json.dumps({"video_id": str(video_id)})
    for receives in range(1, 6):
        message = Message(id="m", body=body, attributes={}, receive_count=receives, receipt="r")
        verdicts.append(handle(message, never))
    assert verdicts == [Verdict.RETRY] * 3 + [Verdict.DELETE] * 2
    assert world.attempts(video_id) == 1


def test_two_messages_of_one_video_have_one_effect(world: World, bench: WorkerContext, long: Path) -> None:
    video_id = world.upload(long)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(process, bench, video_id, never)
        until(lambda: world.video(video_id).progress > 0)
        assert process(bench, video_id, never) is Verdict.RETRY
        assert first.result() is Verdict.DELETE
    assert process(bench, video_id, never) is Verdict.DELETE
    assert world.attempts(video_id) == 1
    assert len(world.objects()) == 3


def test_a_video_deleted_while_it_is_worked_on_leaves_no_object(world: World, bench: WorkerContext, long: Path) -> None:
    video_id = world.upload(long)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(process, bench, video_id, never)
        until(lambda: world.video(video_id).progress > 0)
        world.delete(video_id)
        assert running.result() is Verdict.DELETE
    assert world.objects() == []


def test_a_video_deleted_just_before_it_is_finished_leaves_no_object(
    world: World, quick_bench: WorkerContext, hooked: HookedStore, short: Path
) -> None:
    video_id = world.upload(short)
    hooked.when_stored = lambda: world.delete(video_id)
    assert process(dataclasses.replace(quick_bench, store=hooked), video_id, never) is Verdict.DELETE
    assert world.objects() == []


def test_an_attempt_that_was_overtaken_removes_what_it_stored_and_harms_nothing(
    world: World, quick_bench: WorkerContext, hooked: HookedStore, short: Path
) -> None:
    video_id = world.upload(short)

    def overtake() -> None:
        expire_lease(world)
        with world.engine.begin() as connection:
            claim = claims.claim(connection, video_id, lease_seconds=60)
        assert isinstance(claim, claims.Claim)

    hooked.when_stored = overtake
    assert process(dataclasses.replace(quick_bench, store=hooked), video_id, never) is Verdict.ABANDON
    assert world.objects() == []
    assert (world.video(video_id).status, world.attempts(video_id)) == ("processing", 2)


def test_an_attempt_that_fails_after_it_was_overtaken_leaves_no_object_either(
    world: World, quick_bench: WorkerContext, hooked: HookedStore, short: Path
) -> None:
    video_id = world.upload(short)

    def overtake_and_fail() -> None:
        expire_lease(world)
        assert process(quick_bench, video_id, never) is Verdict.DELETE
        raise OSError("the network went away")

    hooked.when_stored = overtake_and_fail
    assert process(dataclasses.replace(quick_bench, store=hooked), video_id, never) is Verdict.DELETE
    assert world.objects() == [f"processed/{video_id}/2.{kind}" for kind in ("jpg", "mp4", "preview.mp4")]


def test_an_attempt_overtaken_by_one_that_is_done_leaves_the_winners_objects(
    world: World, quick_bench: WorkerContext, hooked: HookedStore, short: Path
) -> None:
    video_id = world.upload(short)

    def overtake() -> None:
        expire_lease(world)
        assert process(quick_bench, video_id, never) is Verdict.DELETE

    hooked.when_stored = overtake
    assert process(dataclasses.replace(quick_bench, store=hooked), video_id, never) is Verdict.DELETE
    assert world.objects() == [f"processed/{video_id}/2.{kind}" for kind in ("jpg", "mp4", "preview.mp4")]


def test_a_commit_whose_answer_was_lost_is_not_taken_for_a_lost_claim(
    world: World, quick_bench: WorkerContext, hooked: HookedStore, short: Path
) -> None:
    video_id = world.upload(short)

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
    assert process(dataclasses.replace(quick_bench, store=hooked), video_id, never) is Verdict.DELETE
    assert len(world.objects()) == 3


def test_what_a_dead_attempt_stored_is_removed_by_the_one_that_finishes(
    world: World, quick_bench: WorkerContext, short: Path
) -> None:
    video_id = world.upload(short)
    with world.engine.begin() as connection:
        claims.claim(connection, video_id, lease_seconds=60)
    world.store.store_file(storage.processed_key(video_id, 1), short, "video/mp4")
    expire_lease(world)
    process(quick_bench, video_id, never)
    assert world.objects() == [f"processed/{video_id}/2.{kind}" for kind in ("jpg", "mp4", "preview.mp4")]


def test_an_interrupted_job_gives_the_video_back_at_once(
    world: World, bench: WorkerContext, long: Path, tmp_path: Path
) -> None:
    video_id = world.upload(long)
    interrupted = threading.Event()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(process, bench, video_id, interrupted)
        until(lambda: world.video(video_id).progress > 0)
        interrupted.set()
        assert running.result() is Verdict.RELEASE
    assert (world.video(video_id).status, world.video(video_id).progress) == ("uploaded", 0)
    assert world.detail(video_id) == "the worker was stopped"
    assert world.objects() == []
    assert encoders() == []


def test_an_encoder_killed_by_the_system_is_no_fault_of_the_players(
    world: World, bench: WorkerContext, long: Path
) -> None:
    video_id = world.upload(long)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(process, bench, video_id, never)
        until(lambda: world.video(video_id).progress > 0)
        (encoder,) = encoders()
        encoder.kill()
        assert running.result() is Verdict.RETRY
    assert world.video(video_id).status == "uploaded"
    assert str(world.detail(video_id)).startswith("PassingProblem: ffmpeg was ended from outside, code -9")


def test_a_bucket_that_does_not_answer_is_no_fault_of_the_players(
    world: World, quick_bench: WorkerContext, short: Path
) -> None:
    video_id = world.upload(short)
    away = storage.MediaStore(aws.client("s3", free_port()), world.bucket)
    assert process(dataclasses.replace(quick_bench, store=away), video_id, never) is Verdict.RETRY
    assert (world.video(video_id).status, world.video(video_id).failure_reason) == ("uploaded", None)
    assert "EndpointConnectionError" in str(world.detail(video_id))


def test_a_bucket_that_fails_half_way_is_left_clean(
    world: World, quick_bench: WorkerContext, hooked: HookedStore, short: Path
) -> None:
    def fail() -> None:
        raise OSError("the network went away")

    video_id = world.upload(short)
    hooked.when_stored = fail
    assert process(dataclasses.replace(quick_bench, store=hooked), video_id, never) is Verdict.RETRY
    assert world.objects() == []
    assert process(quick_bench, video_id, never) is Verdict.DELETE
    assert world.video(video_id).status == "processed"


def encoders() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.name().startswith("ffmpeg")]
