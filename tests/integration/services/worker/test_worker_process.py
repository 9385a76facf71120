"""The worker process: startup, work, shutdown."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from world import WorkerProcess, WorkerWorld, wait_until

from services.environment import WorkerEnvironment
from services.videos.stale_videos import STALE_AFTER_VISIBILITIES
from services.worker.__main__ import LONGEST_BACKOFF_VISIBILITIES, consumer_options, main
from services.worker.errors import StartupError
from services.worker.toolchain import WATERMARK, find_bumper, find_ffmpeg, find_watermark
from workspace.ports import free_port

Maker = Callable[..., Path]
WorkerStarter = Callable[..., WorkerProcess]


def test_worker_gets_ready_publishes_videos_and_stops(
    world: WorkerWorld, start_worker: WorkerStarter, listening: socket.socket, clip: Maker
) -> None:
    videos = [world.upload(clip("640x360", seconds=1)) for _ in range(3)]
    worker = start_worker(variables={"NOTIFY_SOCKET": listening.getsockname()}, worker_concurrency=2)
    # Ready means that it has polled its queue.
    assert listening.recv(100) == b"READY=1"
    for video_id in videos:
        wait_until(lambda video_id=video_id: world.video(video_id).status == "processed")  # type: ignore[misc]
    wait_until(lambda: world.message_counts() == (0, 0))
    assert worker.terminate() == 0
    assert listening.recv(100) == b"STOPPING=1"
    listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.recv(100)
    world.check_settled()
    assert worker.leftovers() == []
    assert {line["video_id"] for line in worker.log_lines("video processed")} == {str(video_id) for video_id in videos}
    # Written once a minute, and at the end.
    lines = worker.log_lines("measures")
    assert sum(line.get("JobsProcessed", 0) for line in lines) == 3
    assert {(line["environment"], line["service"]) for line in lines} == {("test", "worker")}


def test_sigterm_lets_running_job_finish(world: WorkerWorld, start_worker: WorkerStarter, clip: Maker) -> None:
    video_id = world.upload(clip("1280x720", seconds=4))
    # A long grace period, for busy machines.
    worker = start_worker(stop_seconds=620)
    wait_until(lambda: world.video(video_id).status == "processing")
    assert worker.terminate() == 0
    assert world.video(video_id).status == "processed"
    assert world.attempts(video_id) == 1
    world.check_settled()


def test_grace_period_uses_most_of_stop_seconds(
    worker_environment: WorkerEnvironment,
) -> None:
    options = consumer_options(dataclasses.replace(worker_environment, stop_seconds=620))

    assert options.grace_seconds == 610
    assert options.poll_seconds + options.grace_seconds + options.release_seconds < 620
    assert consumer_options(dataclasses.replace(worker_environment, stop_seconds=10)).grace_seconds == 0


def test_longest_backoff_is_shorter_than_stale_threshold(
    worker_environment: WorkerEnvironment,
) -> None:
    options = consumer_options(dataclasses.replace(worker_environment, visibility_seconds=120))

    assert (options.backoff_seconds, options.max_backoff_seconds) == (30, 900)
    assert LONGEST_BACKOFF_VISIBILITIES + 1 < STALE_AFTER_VISIBILITIES


@pytest.fixture
def startup_error(
    worker_environment: WorkerEnvironment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return a function that runs a worker which must fail to start, and returns its error text."""

    def start(variables: Mapping[str, str] | None = None, **changes: Any) -> str:
        environment = dataclasses.replace(worker_environment, **changes)
        for name, value in {**environment.as_variables(), **(variables or {})}.items():
            monkeypatch.setenv(name, value)
        assert main() == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err

    return start


def test_invalid_environment_prevents_start(startup_error: Callable[..., str]) -> None:
    lines = startup_error({"VISIBILITY_SECONDS": "soon", "QUEUE_URL": ""}).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["QUEUE_URL", "VISIBILITY_SECONDS"]


def test_job_limit_beyond_sqs_maximum_prevents_start(startup_error: Callable[..., str]) -> None:
    assert startup_error(max_job_seconds=43_200) == "max_message_seconds is 43210; must be between 10 and 43200\n"


def test_missing_ffmpeg_prevents_start(startup_error: Callable[..., str]) -> None:
    error = startup_error({"FFMPEG_BINARY": "/nowhere/ffmpeg"})
    assert error.startswith("ffmpeg at /nowhere/ffmpeg (from FFMPEG_BINARY) does not run:")
    assert "Traceback" not in error


def test_failing_ffmpeg_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="does not run"):
        find_ffmpeg({"FFMPEG_BINARY": "/bin/false"})


def test_missing_watermark_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"watermark .*nothing.png cannot be read \(No such file or directory\)"):
        find_watermark(tmp_path / "nothing.png")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(StartupError, match=r"watermark .*text.png is not a PNG"):
        find_watermark(tmp_path / "text.png")


@pytest.mark.parametrize("share", [0.5, 0.9999], ids=["half", "all-but-the-end"])
def test_truncated_watermark_is_an_error(tmp_path: Path, share: float) -> None:
    whole, cut = WATERMARK.read_bytes(), tmp_path / "cut.png"
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(StartupError, match=r"watermark .*cut.png is damaged at byte \d+\. Fix: restore the file"):
        find_watermark(cut)


def test_corrupt_watermark_is_an_error(tmp_path: Path) -> None:
    content, wrong = bytearray(WATERMARK.read_bytes()), tmp_path / "wrong.png"
    content[1000] ^= 1
    wrong.write_bytes(content)
    with pytest.raises(StartupError, match=r"watermark .*wrong.png is damaged at byte \d+"):
        find_watermark(wrong)


def test_missing_or_wrong_bumper_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"bumper .*nothing.png cannot be read \(No such file or directory\)"):
        find_bumper(tmp_path / "nothing.png")
    with pytest.raises(StartupError, match=r"bumper .*watermark.png is 258x55; must be 1280x720"):
        find_bumper(WATERMARK)


@pytest.mark.parametrize("missing", ["database", "bucket", "queue"])
def test_worker_without_dependency_receives_nothing(
    world: WorkerWorld, start_worker: WorkerStarter, listening: socket.socket, clip: Maker, missing: str
) -> None:
    video_id = world.upload(clip("640x360", seconds=1))
    changes: dict[str, Any] = {
        "database": {"database_port": free_port()},
        "bucket": {"variables": {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{free_port()}"}},
        "queue": {"variables": {"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{free_port()}"}},
    }
    change = changes[missing]
    variables = {"NOTIFY_SOCKET": listening.getsockname(), **change.pop("variables", {})}
    worker = start_worker(variables=variables, **change)
    warning = "queue cannot be read" if missing == "queue" else "a service the worker needs does not answer"
    wait_until(lambda: bool(worker.log_lines(warning)))
    assert worker.terminate() == 0
    assert listening.recv(100) == b"STOPPING=1"
    assert world.message_counts() == (1, 0)
    assert world.attempts(video_id) == 0


def test_repeated_sigterm_stops_worker(world: WorkerWorld, start_worker: WorkerStarter) -> None:
    """Signals may arrive during the handler of an earlier one, and while the worker waits for the database."""
    for changes in ({}, {"database_port": free_port()}):
        worker = start_worker(**changes)
        wait_until(lambda worker=worker: bool(worker.log_lines("worker started")))  # type: ignore[misc]
        assert worker.terminate(times=300) == 0
