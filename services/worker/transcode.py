"""Runs the pipeline's command: bounded, watched, and called off when it must be."""

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
from services.worker.pipeline import EncodeSettings, command, curtain_frames, frame_rate
from services.worker.receipt import ReceiptBuilder
from services.worker.sandbox import NOT_CONFINED, Limits, kill_group, start_confined

_MEMORY_BYTES = 4 * 2**30
_FILE_BYTES = 512 * 2**20
_LOOK_SECONDS = 0.2
_MESSAGES = "ffmpeg.log"
_BROKEN_BY_FILE = (signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS)


def transcode(
    folder: Path,
    recipe: EncodeSettings,
    picture: media.VideoStream,
    *,
    seconds: float,
    offline: bool,
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
    draft: ReceiptBuilder,
) -> None:
    """Make the video, its poster and its preview of a job's original.

    Args:
        folder: the job's folder.
        recipe: what is the same for all videos.
        picture: the stream to process.
        seconds: how long it may take.
        offline: whether the program is cut off from the network.
        report: told how far the work is, in percent, about twice a second.
        cancelled: asked several times a second whether to stop.
        draft: the video's receipt, which is told what was run and what it took.

    Raises:
        InvalidMedia: the file cannot be processed, or not in time.
        TransientError: the machine could not do it now.
        JobCancelled: it was called off.
    """
    limits = Limits(
        # A frozen worker watches no clock; the wall limit below comes first otherwise.
        cpu_seconds=max(1, round(seconds)) * (os.cpu_count() or 1),
        memory_bytes=_MEMORY_BYTES,
        file_bytes=_FILE_BYTES,
    )
    rate = frame_rate(picture)
    expected_frames = max(1, round(rate * min(picture.seconds or recipe.max_seconds, recipe.max_seconds)))
    curtains = 2 * curtain_frames(rate)
    line = command(recipe, picture)
    draft.encoding(line, picture, str(rate), recipe.max_seconds)
    with (folder / _MESSAGES).open("w+b") as messages:
        process = start_confined(line, limits, directory=folder, stderr=messages, offline=offline)
        try:
            frames = _watch(process, time.monotonic() + seconds, curtains + expected_frames, report, cancelled)
        finally:
            kill_group(process)
            draft.encoded(process.usage)
        messages.seek(0)
        detail = messages.read(2000).decode(errors="replace").strip()
    _judge(process.returncode, detail)
    _check(folder, frames - curtains, expected_frames, rate)


def _watch(
    process: subprocess.Popen[bytes],
    deadline: float,
    expected_frames: int,
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> int:
    """Read the progress until ffmpeg ends; returns how many pictures were made."""
    assert process.stdout is not None
    frames = 0
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if cancelled():
                raise JobCancelled
            left = deadline - time.monotonic()
            if left <= 0:
                raise InvalidMedia(
                    FailureReason.TOOK_TOO_LONG, f"{frames} of {expected_frames} pictures were made in time"
                )
            if not selector.select(min(_LOOK_SECONDS, left)):
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


def _judge(code: int, detail: str) -> None:
    if code == 0:
        return
    if code == NOT_CONFINED:
        raise TransientError(f"ffmpeg was not started: {detail}")
    if code == 256 - errno.ENOENT:
        raise TransientError(f"a file of the worker's own is gone: {detail}")
    if code == 256 - errno.ENOSPC:
        raise TransientError(f"disk full: {detail}")
    if code == 256 - errno.ENOMEM:
        raise InvalidMedia(FailureReason.TOO_LARGE_PICTURE, f"more than {_MEMORY_BYTES} bytes of memory: {detail}")
    if code == 255 or (code < 0 and -code not in _BROKEN_BY_FILE):
        # ffmpeg answers 255 to a polite signal. Ours is SIGKILL, so somebody else's came: the system
        # goes down, or it ran out of memory.
        raise TransientError(f"ffmpeg was ended from outside, code {code}: {detail}")
    raise InvalidMedia(FailureReason.DAMAGED, f"ffmpeg ended with code {code}: {detail}")


def _check(folder: Path, frames: int, expected_frames: int, rate: Fraction) -> None:
    if frames < media.MIN_SECONDS * rate:
        raise InvalidMedia(
            FailureReason.TOO_SHORT, f"{frames} pictures at {rate} a second; allowed are {media.MIN_SECONDS} s or more"
        )
    # ffmpeg conceals what it cannot decode; a video with more than half of it gone is none.
    if frames < expected_frames / 2:
        raise InvalidMedia(FailureReason.DAMAGED, f"only {frames} of {expected_frames} pictures could be read")
    for name in (media.PROCESSED, media.POSTER, media.PREVIEW):
        if not (folder / name).stat().st_size:
            raise TransientError(f"ffmpeg wrote an empty {name}")
