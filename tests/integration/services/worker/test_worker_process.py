"""The worker as an instance runs it: a process of its own that is started, told to end, and starts anew."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from world import WorkerProcess, World, until

from services.environment import WorkerEnvironment
from services.videos.stale_videos import STALE_AFTER_VISIBILITIES
from services.worker.__main__ import LONGEST_BACKOFF_VISIBILITIES, consumer_options, main
from services.worker.errors import StartupError
from services.worker.toolchain import WATERMARK, find_curtain, find_ffmpeg, find_watermark
from workspace.ports import free_port

Maker = Callable[..., Path]
WorkerStarter = Callable[..., WorkerProcess]


def test_a_worker_is_ready_publishes_videos_and_ends_with_its_last_measures(
    world: World, start_worker: WorkerStarter, listening: socket.socket, clip: Maker
) -> None:
    videos = [world.upload(clip("640x360", seconds=1)) for _ in range(3)]
    worker = start_worker(variables={"NOTIFY_SOCKET": listening.getsockname()}, worker_concurrency=2)
    # It is ready when it has read its queue.
    assert listening.recv(100) == b"READY=1"
    for video_id in videos:
        until(lambda video_id=video_id: world.video(video_id).status == "processed")  # type: ignore[misc]
    until(lambda: world.waiting() == (0, 0))
    assert worker.terminate() == 0
    assert listening.recv(100) == b"STOPPING=1"
    listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.recv(100)
    world.check_settled()
    assert worker.leftovers() == []
    assert {line["video_id"] for line in worker.said("video processed")} == {str(video_id) for video_id in videos}
    # One a minute, and the last when it ends.
    lines = worker.said("measures")
    assert sum(line.get("JobsProcessed", 0) for line in lines) == 3
    assert {(line["environment"], line["service"]) for line in lines} == {("test", "worker")}


def test_a_worker_told_to_end_finishes_what_it_has_begun(
    world: World, start_worker: WorkerStarter, clip: Maker
) -> None:
    video_id = world.upload(clip("1280x720", seconds=4))
    # A busy machine takes its time to finish.
    worker = start_worker(stop_seconds=620)
    until(lambda: world.video(video_id).status == "processing")
    assert worker.terminate() == 0
    assert world.video(video_id).status == "processed"
    assert world.attempts(video_id) == 1
    world.check_settled()


def test_what_is_begun_may_take_all_the_time_there_is_before_the_worker_is_killed(
    worker_environment: WorkerEnvironment,
) -> None:
    options = consumer_options(dataclasses.replace(worker_environment, stop_seconds=620))

    assert options.grace_seconds == 610
    assert options.poll_seconds + options.grace_seconds + options.release_seconds < 620
    assert consumer_options(dataclasses.replace(worker_environment, stop_seconds=10)).grace_seconds == 0


def test_the_longest_wait_between_two_tries_is_shorter_than_the_sweepers_patience(
    worker_environment: WorkerEnvironment,
) -> None:
    options = consumer_options(dataclasses.replace(worker_environment, visibility_seconds=120))

    assert (options.backoff_seconds, options.max_backoff_seconds) == (30, 900)
    assert LONGEST_BACKOFF_VISIBILITIES + 1 < STALE_AFTER_VISIBILITIES


@pytest.fixture
def refused(
    worker_environment: WorkerEnvironment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Starts a worker in this process, which must not start; what it says."""

    def start(variables: Mapping[str, str] | None = None, **changes: Any) -> str:
        environment = dataclasses.replace(worker_environment, **changes)
        for name, value in {**environment.as_variables(), **(variables or {})}.items():
            monkeypatch.setenv(name, value)
        assert main() == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err

    return start


def test_an_environment_that_cannot_be_used_is_told_and_nothing_starts(refused: Callable[..., str]) -> None:
    told = refused({"VISIBILITY_SECONDS": "soon", "QUEUE_URL": ""}).splitlines()
    assert [line.partition(" ")[0] for line in told] == ["QUEUE_URL", "VISIBILITY_SECONDS"]


def test_a_job_that_may_last_longer_than_sqs_allows_is_told(refused: Callable[..., str]) -> None:
    assert refused(max_job_seconds=43_200) == "max_message_seconds is 43210; allowed are 10 to 43200\n"


def test_a_worker_without_ffmpeg_does_not_start(refused: Callable[..., str]) -> None:
    told = refused({"FFMPEG_BINARY": "/nowhere/ffmpeg"})
    assert told.startswith("ffmpeg at /nowhere/ffmpeg (FFMPEG_BINARY names it) does not run:")
    assert "Traceback" not in told


def test_a_program_that_is_no_ffmpeg_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="does not run"):
        find_ffmpeg({"FFMPEG_BINARY": "/bin/false"})


def test_a_worker_without_its_watermark_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"watermark .*nothing.png cannot be read \(No such file or directory\)"):
        find_watermark(tmp_path / "nothing.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(StartupError, match=r"watermark .*text.png is not a PNG"):
        find_watermark(tmp_path / "text.png")


@pytest.mark.parametrize("kept", [0.5, 0.9999], ids=["half", "all-but-the-end"])
def test_a_worker_whose_watermark_was_cut_off_does_not_start(tmp_path: Path, kept: float) -> None:
    whole, cut = WATERMARK.read_bytes(), tmp_path / "cut.png"
    cut.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(StartupError, match=r"watermark .*cut.png is damaged at byte \d+; restore it, or make it"):
        find_watermark(cut)


def test_a_worker_whose_watermark_has_a_wrong_byte_does_not_start(tmp_path: Path) -> None:
    content, wrong = bytearray(WATERMARK.read_bytes()), tmp_path / "wrong.png"
    content[1000] ^= 1
    wrong.write_bytes(content)
    with pytest.raises(StartupError, match=r"watermark .*wrong.png is damaged at byte \d+"):
        find_watermark(wrong)


def test_a_worker_without_its_curtain_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"curtain .*nothing.png cannot be read \(No such file or directory\)"):
        find_curtain(tmp_path / "nothing.png")
    with pytest.raises(StartupError, match=r"curtain .*watermark.png is 258x55, not 1280x720"):
        find_curtain(WATERMARK)


@pytest.mark.parametrize("missing", ["database", "bucket", "queue"])
def test_a_worker_without_what_it_needs_is_not_ready_and_takes_nothing(
    world: World, start_worker: WorkerStarter, listening: socket.socket, clip: Maker, missing: str
) -> None:
    video_id = world.upload(clip("640x360", seconds=1))
    elsewhere: dict[str, Any] = {
        "database": {"database_port": free_port()},
        "bucket": {"variables": {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{free_port()}"}},
        "queue": {"variables": {"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{free_port()}"}},
    }
    change = elsewhere[missing]
    variables = {"NOTIFY_SOCKET": listening.getsockname(), **change.pop("variables", {})}
    worker = start_worker(variables=variables, **change)
    warning = "queue cannot be read" if missing == "queue" else "a service the worker needs does not answer"
    until(lambda: bool(worker.said(warning)))
    assert worker.terminate() == 0
    assert listening.recv(100) == b"STOPPING=1"
    assert world.waiting() == (1, 0)
    assert world.attempts(video_id) == 0


def test_a_worker_that_is_told_over_and_over_ends_all_the_same(world: World, start_worker: WorkerStarter) -> None:
    """One signal may come while the one before is still answered, and while the worker waits for the database."""
    for elsewhere in ({}, {"database_port": free_port()}):
        worker = start_worker(**elsewhere)
        until(lambda worker=worker: bool(worker.said("worker started")))  # type: ignore[misc]
        assert worker.terminate(times=300) == 0
