"""Third check of an upload: inspect the file with PyAV in a sandbox, and hold it against limits and contest rules."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

from services.videos.failures import FailureReason
from services.worker import media, probe_child
from services.worker.colours import colours_of
from services.worker.errors import InvalidMedia, TransientError
from services.worker.receipt import ReceiptBuilder
from services.worker.sandbox import Limits, kill_group, start_sandboxed

_LIMITS = Limits(cpu_seconds=10, memory_bytes=2 * 2**30, file_bytes=2**20)
# Far above the CPU limit: exceeded only on an overloaded machine.
_WALL_SECONDS = 60
_STDERR_FILE = "probe.log"
_RULE_MIN_SECONDS, _RULE_MAX_SECONDS = 20, 60
_RULE_MIN_LINES = 1080
# Cameras end a clip a frame early or late, and some report the length of a longer sound track.
_RULE_TOLERANCE_SECONDS = 0.5


def probe(folder: Path, *, offline: bool, builder: ReceiptBuilder) -> media.VideoStream:
    """Inspect a job's original and return the video stream to process.

    Args:
        folder: folder of the job.
        offline: whether the probe runs without network access.
        builder: receipt that records the result.

    Raises:
        InvalidMedia: the file has no acceptable video stream.
        TransientError: the probe itself failed.
    """
    found = _run_probe(folder, offline, builder)
    builder.add_probe_result(found)
    return choose_stream(found)


def choose_stream(found: dict[str, Any]) -> media.VideoStream:
    """Return the first video stream that is no cover image, checked against the limits of media.py.

    Raises:
        InvalidMedia: no acceptable video stream.
    """
    if not found["video"]:
        reason = FailureReason.NOT_A_VIDEO if found["streams"] else FailureReason.DAMAGED
        raise InvalidMedia(reason, f"no video among {found['streams']} streams")
    if found["streams"] > media.MAX_STREAMS:
        raise InvalidMedia(
            FailureReason.UNSUPPORTED_FORMAT, f"{found['streams']} streams; must be at most {media.MAX_STREAMS}"
        )
    stream = found["video"][0]
    if stream["codec"] not in media.CODECS:
        raise InvalidMedia(
            FailureReason.UNSUPPORTED_FORMAT, f"codec {stream['codec']}; must be one of {', '.join(media.CODECS)}"
        )
    pixels = stream["width"] * stream["height"]
    if pixels > media.MAX_PIXELS:
        raise InvalidMedia(
            FailureReason.TOO_LARGE_PICTURE,
            f"{stream['width']}x{stream['height']} is {pixels} pixels; must be at most {media.MAX_PIXELS}",
        )
    if not pixels:
        raise InvalidMedia(FailureReason.DAMAGED, "unknown frame size")
    seconds = stream["seconds"] or found["seconds"]
    if seconds is not None and seconds < media.MIN_SECONDS:
        raise InvalidMedia(FailureReason.TOO_SHORT, f"{seconds} s; must be at least {media.MIN_SECONDS} s")
    return media.VideoStream(
        index=stream["index"],
        codec=stream["codec"],
        width=stream["width"],
        height=stream["height"],
        frame_rate=Fraction(stream["frame_rate"]) if stream["frame_rate"] else None,
        seconds=seconds,
        pixel_format=stream["pixel_format"],
        colours=colours_of(
            stream["codec"], stream["height"], stream["primaries"], stream["transfer"], stream["matrix"]
        ),
    )


def check_contest_rules(video_stream: media.VideoStream) -> None:
    """Check the contest's rules for clips: 20 to 60 seconds, 1080p or better, in any orientation.

    Raises:
        InvalidMedia: the clip breaks a rule.
    """
    lines = min(video_stream.width, video_stream.height)
    if lines < _RULE_MIN_LINES:
        raise InvalidMedia(
            FailureReason.BELOW_1080P,
            f"{video_stream.width}x{video_stream.height}; the shorter side must be at least {_RULE_MIN_LINES} pixels",
        )
    seconds, tolerance = video_stream.seconds, _RULE_TOLERANCE_SECONDS
    if seconds is None or not _RULE_MIN_SECONDS - tolerance <= seconds <= _RULE_MAX_SECONDS + tolerance:
        raise InvalidMedia(
            FailureReason.WRONG_LENGTH, f"{seconds} s; must be between {_RULE_MIN_SECONDS} s and {_RULE_MAX_SECONDS} s"
        )


def _run_probe(folder: Path, offline: bool, builder: ReceiptBuilder) -> dict[str, Any]:
    with (folder / _STDERR_FILE).open("w+b") as stderr:
        process = start_sandboxed(
            [sys.executable, "-P", "-B", "-m", probe_child.__name__, media.ORIGINAL],
            _LIMITS,
            directory=folder,
            stderr=stderr,
            offline=offline,
            # The child finds the same modules as this process, wherever the release is installed.
            environment={"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
        )
        try:
            output, _ = process.communicate(timeout=_WALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise TransientError(f"probe did not answer within {_WALL_SECONDS} s") from None
        finally:
            kill_group(process)
            builder.add_probe_usage(process.usage)
        stderr.seek(0)
        detail = stderr.read(2000).decode(errors="replace").strip()
    match process.returncode:
        case 0:
            found: dict[str, Any] = json.loads(output)
            return found
        case probe_child.REFUSED:
            raise InvalidMedia(FailureReason.DAMAGED, f"probe: {detail}")
        case code if code == -signal.SIGXCPU:
            raise InvalidMedia(FailureReason.TOOK_TOO_LONG, f"probe: more than {_LIMITS.cpu_seconds} CPU seconds")
        case code if code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL, -signal.SIGBUS):
            raise InvalidMedia(FailureReason.DAMAGED, f"probe: ended by signal {-code}")
        case code:
            raise TransientError(f"probe ended with code {code}: {detail}")
