"""Receipt of a processed video: the input, the command, the outputs and the time it took."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, text

_Part = TypeVar("_Part")


@dataclass(frozen=True)
class FileDigest:
    """Size and hexadecimal SHA-256 of a file."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileDigest:
        """Read and hash a file."""
        with path.open("rb") as file:
            return cls(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


@dataclass(frozen=True, kw_only=True)
class SourceProperties:
    """Properties of the player's file. None if the file does not contain them.

    Args:
        container: Major brand of the container, such as ``isom`` or ``qt``.
        streams: Number of streams of any kind.
        sound: Whether there is an audio stream.
        codec: ffmpeg's name of the video codec. This and the following are of the processed video stream.
        width: Width in pixels as stored, before rotation.
        height: Height in pixels as stored, before rotation.
        rotation: Display rotation, counterclockwise, in degrees.
        pixel_shape: Pixel aspect ratio, such as ``64/45``.
        pixel_format: ffmpeg's name of the pixel format.
        frame_rate: Frames per second, such as ``30000/1001``.
        seconds: Duration in seconds.
    """

    container: str | None
    streams: int
    sound: bool
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    rotation: int | None = None
    pixel_shape: str | None = None
    pixel_format: str | None = None
    frame_rate: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class ReceiptOutputs:
    """Properties of the processed video.

    Args:
        width: Width in pixels.
        height: Height in pixels.
        frame_rate: Frames per second.
        kept_seconds: Duration of the part of the player's clip in it. None if the clip does not state its duration.
    """

    width: int
    height: int
    frame_rate: str
    kept_seconds: float | None


@dataclass(frozen=True)
class ProcessingTime:
    """Wall-clock time and CPU time, in seconds."""

    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Record of an attempt to process a video. None for steps that it did not reach.

    Args:
        release: Version of the worker.
        ffmpeg: Version line of ffmpeg.
        job: Time of the whole job, transfers included.
        original: The player's file.
        found: Properties of the player's file.
        command: Command line that was run, without the directories of its files.
        made: Properties of the processed video.
        files: Stored files by name.
        encoder: Time of the command.
    """

    release: str
    ffmpeg: str
    job: ProcessingTime
    original: FileDigest | None = None
    found: SourceProperties | None = None
    command: tuple[str, ...] | None = None
    made: ReceiptOutputs | None = None
    files: Mapping[str, FileDigest] = field(default_factory=dict)
    encoder: ProcessingTime | None = None


@dataclass(frozen=True)
class DatedReceipt:
    """Receipt with its attempt, and the attempt's start and end by the database's clock."""

    attempt: int
    started_at: datetime
    finished_at: datetime
    receipt: Receipt


_STORE = text("UPDATE task_results SET receipt = CAST(:receipt AS jsonb) WHERE video_id = :video_id")
_FIND = text(
    """
    SELECT v.attempt, t.started_at, t.completed_at, t.receipt FROM task_results t JOIN videos v ON v.id = t.video_id
    WHERE t.video_id = :video_id AND t.receipt IS NOT NULL
    """
)


def store_receipt(connection: Connection, video_id: UUID, receipt: Receipt) -> None:
    """Store a receipt. Call it in the transaction that finishes or fails the video."""
    connection.execute(_STORE, {"video_id": video_id, "receipt": json.dumps(asdict(receipt))})


def find_receipt(connection: Connection, video_id: UUID) -> DatedReceipt | None:
    """Find the receipt of a video. None until it is processed, and for videos processed before receipts existed."""
    row = connection.execute(_FIND, {"video_id": video_id}).one_or_none()
    if row is None:
        return None
    return DatedReceipt(row.attempt, row.started_at, row.completed_at, _parse_receipt(row.receipt))


def _parse_receipt(document: dict[str, Any]) -> Receipt:
    kinds = {
        "original": FileDigest,
        "found": SourceProperties,
        "made": ReceiptOutputs,
        "job": ProcessingTime,
        "encoder": ProcessingTime,
    }
    values = {
        name: _parse(kinds[name], value) if value and name in kinds else value for name, value in document.items()
    }
    values["files"] = {name: _parse(FileDigest, value) for name, value in document["files"].items()}
    values["command"] = tuple(document["command"]) if document["command"] else None
    return _parse(Receipt, values)


def _parse(kind: type[_Part], document: Mapping[str, Any]) -> _Part:
    # During a rollout, a newer worker may write fields that this release does not know.
    known = {part.name for part in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in document.items() if name in known})
