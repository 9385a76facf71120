"""Runs the ffmpeg command: resource limits, progress, cancellation, and checks of the result."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from services.videos.failures import FailureReason
from services.worker import media
from services.worker.errors import InvalidMedia, JobCancelled, TransientError
from services.worker.pipeline import EncodeSettings, bumper_frames, command, frame_rate
from services.worker.receipt import ReceiptBuilder
from services.worker.sandbox import NOT_SANDBOXED, Limits, kill_group, start_sandboxed

_MEMORY_BYTES = 4 * 2**30
_FILE_BYTES = 512 * 2**20
_POLL_SECONDS = 0.2
_STDERR_FILE = "ffmpeg.log"
_CRASH_SIGNALS = (signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS)


def transcode(
    folder: Path,
    settings: EncodeSettings,
    video_stream: media.VideoStream,
    *,
    seconds: float,
    offline: bool,
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
    builder: ReceiptBuilder,
) -> None:
    """Encode the video, its poster and its preview from a job's original.

    Args:
        folder: folder of the job.
        settings: settings that all videos share.
        video_stream: stream to process.
        seconds: time limit, in seconds.
        offline: whether ffmpeg runs without network access.
        report: called with the progress in percent, about twice a second.
        cancelled: polled several times a second; True cancels the encode.
        builder: receipt that records the command and its resource usage.

    Raises:
        InvalidMedia: the file cannot be processed, or not within the time limit.
        TransientError: a failure of the machine, not of the file.
        JobCancelled: ``cancelled`` returned True.
    """
    limits = Limits(
        # A backstop for a frozen worker; otherwise the wall-clock limit below is reached first.
        cpu_seconds=max(1, round(seconds)) * (os.cpu_count() or 1),
        memory_bytes=_MEMORY_BYTES,
        file_bytes=_FILE_BYTES,
    )
    rate = frame_rate(video_stream)
    expected_frames = max(1, round(rate * min(video_stream.seconds or settings.max_seconds, settings.max_seconds)))
    bumper_total = 2 * bumper_frames(rate)
    line = command(settings, video_stream)
    builder.add_command(line, video_stream, str(rate), settings.max_seconds)
    with (folder / _STDERR_FILE).open("w+b") as stderr:
        process = start_sandboxed(line, limits, directory=folder, stderr=stderr, offline=offline)
        try:
            frames = _read_progress(
                process, time.monotonic() + seconds, bumper_total + expected_frames, report, cancelled
            )
        finally:
            kill_group(process)
            builder.add_encoder_usage(process.usage)
        stderr.seek(0)
        detail = stderr.read(2000).decode(errors="replace").strip()
    _check_exit_code(process.returncode, detail)
    _check_outputs(folder, frames - bumper_total, expected_frames, rate)


def _read_progress(
    process: subprocess.Popen[bytes],
    deadline: float,
    expected_frames: int,
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> int:
    """Report progress until ffmpeg ends; return the number of frames written."""
    assert process.stdout is not None
    frames = 0
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if cancelled():
                raise JobCancelled
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise InvalidMedia(
                    FailureReason.TOOK_TOO_LONG, f"{frames} of {expected_frames} frames were encoded in time"
                )
            if not selector.select(min(_POLL_SECONDS, remaining)):
                continue
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                break
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                name, _, value = line.partition(b"=")
                if name == b"frame":
                    frames = int(value)
                    report(min(99, 100 * frames // expected_frames))
    process.wait()
    return frames


def _check_exit_code(code: int, detail: str) -> None:
    if code == 0:
        return
    if code == NOT_SANDBOXED:
        raise TransientError(f"ffmpeg was not started: {detail}")
    if code == 256 - errno.ENOENT:
        raise TransientError(f"a file of the worker is missing: {detail}")
    if code == 256 - errno.ENOSPC:
        raise TransientError(f"disk full: {detail}")
    if code == 256 - errno.ENOMEM:
        raise InvalidMedia(FailureReason.TOO_LARGE_PICTURE, f"more than {_MEMORY_BYTES} bytes of memory: {detail}")
    if code == 255 or (code < 0 and -code not in _CRASH_SIGNALS):
        # ffmpeg exits with 255 on SIGTERM. The worker sends SIGKILL only, so this signal came from the system:
        # shutdown, or out of memory.
        raise TransientError(f"ffmpeg was killed externally, code {code}: {detail}")
    raise InvalidMedia(FailureReason.DAMAGED, f"ffmpeg exited with code {code}: {detail}")


def _check_outputs(folder: Path, frames: int, expected_frames: int, rate: Fraction) -> None:
    if frames < media.MIN_SECONDS * rate:
        raise InvalidMedia(
            FailureReason.TOO_SHORT, f"{frames} frames at {rate} fps; must be at least {media.MIN_SECONDS} s"
        )
    # ffmpeg conceals decoding errors; a video that lost more than half of its frames counts as damaged.
    if frames < expected_frames / 2:
        raise InvalidMedia(FailureReason.DAMAGED, f"only {frames} of {expected_frames} frames are readable")
    for name in (media.PROCESSED, media.POSTER, media.PREVIEW):
        if not (folder / name).stat().st_size:
            raise TransientError(f"ffmpeg wrote an empty {name}")
