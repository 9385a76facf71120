"""Invalid files, unreadable messages, full disks and hung encoders."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from world import WorkerProcess, WorkerWorld

from benchmarks.encoding import pipeline_runner
from services.videos.dead_letters import peek
from services.worker import media
from services.worker.errors import TransientError
from services.worker.job import WorkerContext
from services.worker.pipeline import EncodeSettings
from tests.integration.faults.invariants import settle, wait_until, wait_until_encoding
from tests.integration.faults.matrix import Fault
from tests.small_disk import mounted

Start = Callable[..., WorkerProcess]
_MEBIBYTE = 2**20
# The free space that a job requires besides its file, and room for a result.
_DISK_MEBIBYTES = 272


def test_w08_w09_bad_file_and_unreadable_messages(
    fault: Fault, world: WorkerWorld, start_worker: Start, short_clip: Path, tmp_path: Path
) -> None:
    """All kinds of refused files: tests/integration/services/worker/test_refused_files.py."""
    world.allow_receives(3)
    invalid = tmp_path / "invalid.mp4"
    invalid.write_text("ffconcat version 1.0\nfile other.mp4\n")
    refused = world.upload(invalid)
    for body in ("{", '{"video_id": "x"}'):
        world.sqs.send_message(QueueUrl=world.queue_url, MessageBody=body)
    fault.end()
    video_id = world.upload(short_clip)
    worker = start_worker()
    wait_until(lambda: world.message_counts(world.dead_queue_url) == (2, 0))
    wait_until(lambda: world.video(video_id).status == "processed")
    assert (world.video(refused).status, world.video(refused).failure_reason) == ("failed", "not_a_video")
    assert world.attempts(refused) == 1
    assert len(worker.log_lines("unreadable message")) == 6
    letters = peek(world.sqs, world.dead_queue_url, most=10)
    assert {(letter.body, letter.video_id) for letter in letters} == {("{", None), ('{"video_id": "x"}', None)}
    world.sqs.purge_queue(QueueUrl=world.dead_queue_url)
    settle(world, fault, worker)


def test_w12_video_deleted_during_processing(
    fault: Fault, world: WorkerWorld, start_slow: Start, long_clip: Path
) -> None:
    video_id = world.upload(long_clip)
    worker = start_slow()
    wait_until_encoding(world)
    world.delete(video_id)
    fault.end()
    wait_until(lambda: worker.log_lines("claim lost") != [])
    settle(world, fault, worker)
    assert world.objects() == []


def test_w13_full_disk_is_detected_before_the_fetch(fault: Fault, context: WorkerContext) -> None:
    fault.end()
    with pytest.raises(TransientError, match="bytes free, .* needed"), context.workspace.job(original_bytes=2**60):
        pass
    fault.mark_recovered()


def test_w13_disk_fills_up_during_encode(
    fault: Fault, context: WorkerContext, encode_settings: EncodeSettings, short_clip: Path
) -> None:
    with context.workspace.job(original_bytes=0) as folder:
        (folder / media.ORIGINAL).write_bytes(short_clip.read_bytes())
        (folder / media.PROCESSED).symlink_to("/dev/full")
        fault.end()
        with pytest.raises(TransientError, match="disk full"):
            pipeline_runner.process(encode_settings, folder, offline=True)
    fault.mark_recovered()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk for the worker's temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    with mounted(folder, f"{_DISK_MEBIBYTES}m"):
        yield folder


def fill(path: Path) -> None:
    """Fill the disk."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(_MEBIBYTE))


def test_w13_worker_recovers_from_full_disk(
    fault: Fault, world: WorkerWorld, start_slow: Start, small_disk: Path, long_clip: Path
) -> None:
    world.allow_receives(20)
    filler = small_disk / "filler"
    video_id = world.upload(long_clip)
    worker = start_slow(speed=2)
    wait_until_encoding(world)
    fill(filler)
    # During the encode, and again before the next attempt.
    wait_until(lambda: len(worker.log_lines("video given back")) >= 2)
    assert (world.video(video_id).status, world.video(video_id).failure_reason) == ("uploaded", None)
    reasons = [line["why"] for line in worker.log_lines("video given back")]
    assert "disk full" in reasons[0] and "bytes free" in reasons[1]
    filler.unlink()
    fault.end()
    settle(world, fault, worker)


def test_w14_hung_encoder(
    fault: Fault, world: WorkerWorld, start_slow: Start, long_clip: Path, short_clip: Path
) -> None:
    hung = world.upload(long_clip)
    worker = start_slow(max_job_seconds=10)
    wait_until_encoding(world)
    (encoder,) = worker.encoders()
    encoder.suspend()
    fault.end()
    wait_until(lambda: world.video(hung).status == "failed")
    assert not encoder.is_running()
    world.upload(short_clip)
    settle(world, fault, worker)
    assert world.video(hung).failure_reason == "took_too_long"
    assert world.video(world.uploads[-1]).status == "processed"
