"""The second gate: what the file holds, found out by PyAV in a confined process."""

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
from services.worker.sandbox import Limits, kill_group, start_confined

_LIMITS = Limits(cpu_seconds=10, memory_bytes=2 * 2**30, file_bytes=2**20)
# Far more than the CPU limit: only a machine that is too busy takes that long.
_WALL_SECONDS = 60
_MESSAGES = "probe.log"


def probe(folder: Path, *, offline: bool, draft: ReceiptBuilder) -> media.VideoStream:
    """The video stream of a job's original.

    Args:
        folder: the job's folder.
        offline: whether the program that reads it is cut off from the network.
        draft: the video's receipt, which is told what the file holds.

    Raises:
        InvalidMedia: the file holds no video that is accepted.
        TransientError: the probe could not do its work.
    """
    found = _read(folder, offline, draft)
    draft.found(found)
    return choose(found)


def choose(found: dict[str, Any]) -> media.VideoStream:
    """Check what was found and choose the stream to process: the first that is no cover picture.

    Raises:
        InvalidMedia: it is not accepted.
    """
    if not found["video"]:
        reason = FailureReason.NOT_A_VIDEO if found["streams"] else FailureReason.DAMAGED
        raise InvalidMedia(reason, f"no video among {found['streams']} streams")
    if found["streams"] > media.MAX_STREAMS:
        raise InvalidMedia(
            FailureReason.UNSUPPORTED_FORMAT, f"{found['streams']} streams; allowed are {media.MAX_STREAMS}"
        )
    stream = found["video"][0]
    if stream["codec"] not in media.CODECS:
        raise InvalidMedia(
            FailureReason.UNSUPPORTED_FORMAT, f"codec {stream['codec']}; allowed are {', '.join(media.CODECS)}"
        )
    pixels = stream["width"] * stream["height"]
    if pixels > media.MAX_PIXELS:
        raise InvalidMedia(
            FailureReason.TOO_LARGE_PICTURE,
            f"{stream['width']}x{stream['height']} is {pixels} pixels; allowed are {media.MAX_PIXELS}",
        )
    if not pixels:
        raise InvalidMedia(FailureReason.DAMAGED, "the size of the picture cannot be found")
    seconds = stream["seconds"] or found["seconds"]
    if seconds is not None and seconds < media.MIN_SECONDS:
        raise InvalidMedia(FailureReason.TOO_SHORT, f"{seconds} s; allowed are {media.MIN_SECONDS} s or more")
    return media.VideoStream(
        stream=stream["index"],
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


def _read(folder: Path, offline: bool, draft: ReceiptBuilder) -> dict[str, Any]:
    with (folder / _MESSAGES).open("w+b") as messages:
        process = start_confined(
            [sys.executable, "-P", "-B", "-m", probe_child.__name__, media.ORIGINAL],
            _LIMITS,
            directory=folder,
            stderr=messages,
            offline=offline,
            # The very modules that this process sees, wherever the release put them.
            environment={"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
        )
        try:
            output, _ = process.communicate(timeout=_WALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise TransientError(f"probe did not answer within {_WALL_SECONDS} s") from None
        finally:
            kill_group(process)
            draft.probed(process.usage)
        messages.seek(0)
        detail = messages.read(2000).decode(errors="replace").strip()
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
