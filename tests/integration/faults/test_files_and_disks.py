"""Files that are no videos, messages that say nothing, disks that are full, encoders that never end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from world import WorkerProcess, World

from benchmarks.encoding import pipeline_runner
from services.videos.dead_letters import peek
from services.worker import media
from services.worker.errors import TransientError
from services.worker.job import WorkerContext
from services.worker.pipeline import EncodeSettings
from tests.integration.faults.invariants import begun, settle, until
from tests.integration.faults.matrix import Fault
from tests.small_disk import mounted

Start = Callable[..., WorkerProcess]
_MEBIBYTE = 2**20
# What a job asks for beside its file, and room for a result.
_DISK_MEBIBYTES = 272


def test_w08_w09_bad_file_and_unreadable_messages(
    fault: Fault, world: World, start_worker: Start, short: Path, tmp_path: Path
) -> None:
    """Which files are refused, and why, is in tests/integration/services/worker/test_refused_files.py."""
    world.allow_receives(3)
    theirs = tmp_path / "theirs.mp4"
    theirs.write_text("ffconcat version 1.0\nfile other.mp4\n")
    refused = world.upload(theirs)
    for body in ("{", '{"video_id": "x"}'):
        world.sqs.send_message(QueueUrl=world.queue_url, MessageBody=body)
    fault.ends()
    video_id = world.upload(short)
    worker = start_worker()
    until(lambda: world.waiting(world.dead_queue_url) == (2, 0))
    until(lambda: world.video(video_id).status == "processed")
    assert (world.video(refused).status, world.video(refused).failure_reason) == ("failed", "not_a_video")
    assert world.attempts(refused) == 1
    assert len(worker.said("unreadable message")) == 6
    letters = peek(world.sqs, world.dead_queue_url, most=10)
    assert {(letter.body, letter.video_id) for letter in letters} == {("{", None), ('{"video_id": "x"}', None)}
    world.sqs.purge_queue(QueueUrl=world.dead_queue_url)
    settle(world, fault, worker)


def test_w12_video_deleted_while_it_is_worked_on(fault: Fault, world: World, start_slow: Start, long: Path) -> None:
    video_id = world.upload(long)
    worker = start_slow()
    begun(world)
    world.delete(video_id)
    fault.ends()
    until(lambda: worker.said("claim lost") != [])
    settle(world, fault, worker)
    assert world.objects() == []


def test_w13_disk_that_is_too_full_is_known_before_anything_is_fetched(fault: Fault, bench: WorkerContext) -> None:
    fault.ends()
    with pytest.raises(TransientError, match="bytes free, .* needed"), bench.workspace.job(original_bytes=2**60):
        pass
    fault.recovered()


def test_w13_disk_that_fills_up_during_the_encode(
    fault: Fault, bench: WorkerContext, recipe: EncodeSettings, short: Path
) -> None:
    with bench.workspace.job(original_bytes=0) as folder:
        (folder / media.ORIGINAL).write_bytes(short.read_bytes())
        (folder / media.PROCESSED).symlink_to("/dev/full")
        fault.ends()
        with pytest.raises(TransientError, match="disk full"):
            pipeline_runner.process(recipe, folder, offline=True)
    fault.recovered()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for the worker's temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    with mounted(folder, f"{_DISK_MEBIBYTES}m"):
        yield folder


def fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(_MEBIBYTE))


def test_w13_disk_of_a_worker_is_full_and_then_is_not(
    fault: Fault, world: World, start_slow: Start, small_disk: Path, long: Path
) -> None:
    world.allow_receives(20)
    filler = small_disk / "filler"
    video_id = world.upload(long)
    worker = start_slow(speed=2)
    begun(world)
    fill(filler)
    # In the middle of the encode, and again before the next begins.
    until(lambda: len(worker.said("video given back")) >= 2)
    assert (world.video(video_id).status, world.video(video_id).failure_reason) == ("uploaded", None)
    why = [line["why"] for line in worker.said("video given back")]
    assert "disk full" in why[0] and "bytes free" in why[1]
    filler.unlink()
    fault.ends()
    settle(world, fault, worker)


def test_w14_encoder_that_never_ends(fault: Fault, world: World, start_slow: Start, long: Path, short: Path) -> None:
    endless = world.upload(long)
    worker = start_slow(max_job_seconds=10)
    begun(world)
    (encoder,) = worker.encoders()
    encoder.suspend()
    fault.ends()
    until(lambda: world.video(endless).status == "failed")
    assert not encoder.is_running()
    world.upload(short)
    settle(world, fault, worker)
    assert world.video(endless).failure_reason == "took_too_long"
    assert world.video(world.uploads[-1]).status == "processed"
