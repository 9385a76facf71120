"""JSON response about how a video was processed."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12

from services.portal.api.schemas.videos import moment
from services.videos.receipts import DatedReceipt, FileDigest, ProcessingTime, ReceiptOutputs, SourceProperties
from services.videos.records import Video


class HashedFile(TypedDict):
    """Size of a file in bytes and its SHA-256."""

    bytes: int
    sha256: str


class FoundInFile(TypedDict):
    """Contents of the player's file; null if the file does not contain the value. Sizes are before rotation."""

    container: str | None
    streams: int
    sound: bool
    codec: str | None
    width: int | None
    height: int | None
    rotation: int | None
    pixel_shape: str | None
    pixel_format: str | None
    frame_rate: str | None
    seconds: float | None


class MadeOfFile(TypedDict):
    """Picture of the processed video, and how many seconds of the clip it contains."""

    width: int
    height: int
    frame_rate: str
    kept_seconds: float | None


class TimeSpent(TypedDict):
    """Wall-clock seconds and CPU seconds."""

    wall_seconds: float
    cpu_seconds: float


class VideoReceipt(TypedDict):
    """How a video was processed; null for steps that were not reached, as with a refused file."""

    video_id: str
    status: Literal["processed", "failed"]
    failure_reason: str | None
    attempt: int
    started_at: str
    finished_at: str
    release: str
    ffmpeg: str
    original: HashedFile | None
    found: FoundInFile | None
    command: list[str] | None
    made: MadeOfFile | None
    files: dict[str, HashedFile]
    job: TimeSpent
    encoder: TimeSpent | None


def video_receipt(video: Video, dated: DatedReceipt) -> VideoReceipt:
    """Return a video's receipt as its owner sees it."""
    receipt = dated.receipt
    return {
        "video_id": str(video.id),
        "status": video.status,  # type: ignore[typeddict-item]
        "failure_reason": video.failure_reason,
        "attempt": dated.attempt,
        "started_at": moment(dated.started_at),
        "finished_at": moment(dated.finished_at),
        "release": receipt.release,
        "ffmpeg": receipt.ffmpeg,
        "original": _file(receipt.original) if receipt.original else None,
        "found": _found(receipt.found) if receipt.found else None,
        "command": list(receipt.command) if receipt.command else None,
        "made": _made(receipt.made) if receipt.made else None,
        "files": {name: _file(file) for name, file in receipt.files.items()},
        "job": _spent(receipt.job),
        "encoder": _spent(receipt.encoder) if receipt.encoder else None,
    }


def _file(file: FileDigest) -> HashedFile:
    return {"bytes": file.bytes, "sha256": file.sha256}


def _found(found: SourceProperties) -> FoundInFile:
    return {
        "container": found.container,
        "streams": found.streams,
        "sound": found.sound,
        "codec": found.codec,
        "width": found.width,
        "height": found.height,
        "rotation": found.rotation,
        "pixel_shape": found.pixel_shape,
        "pixel_format": found.pixel_format,
        "frame_rate": found.frame_rate,
        "seconds": found.seconds,
    }


def _made(made: ReceiptOutputs) -> MadeOfFile:
    return {
        "width": made.width,
        "height": made.height,
        "frame_rate": made.frame_rate,
        "kept_seconds": made.kept_seconds,
    }


def _spent(spent: ProcessingTime) -> TimeSpent:
    return {"wall_seconds": spent.wall_seconds, "cpu_seconds": spent.cpu_seconds}
