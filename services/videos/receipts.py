"""A video's receipt: what came in, what was run, what came out and what it took; or why nothing came out."""

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

_Told = TypeVar("_Told")


@dataclass(frozen=True)
class FileDigest:
    """A file's size and SHA-256, in hexadecimal."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileDigest:
        """Read a file once."""
        with path.open("rb") as file:
            return cls(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


@dataclass(frozen=True, kw_only=True)
class SourceProperties:
    """What the player's file holds; None where the file does not say.

    Args:
        container: the brand of its container, such as ``isom`` or ``qt``.
        streams: how many streams of any kind.
        sound: whether one of them is sound.
        codec: ffmpeg's name of the picture's codec. This and the rest are of the stream that is processed.
        width: pixels as stored, before rotation.
        height: pixels as stored, before rotation.
        rotation: degrees by which players turn the picture, anticlockwise.
        pixel_shape: width of a pixel to its height, such as ``64/45``.
        pixel_format: ffmpeg's name of how pixels are stored.
        frame_rate: pictures a second, such as ``30000/1001``.
        seconds: length.
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
    """The picture that was made.

    Args:
        width: pixels.
        height: pixels.
        frame_rate: pictures a second.
        kept_seconds: how much of the player's clip is in it; None where the clip does not say its length.
    """

    width: int
    height: int
    frame_rate: str
    kept_seconds: float | None


@dataclass(frozen=True)
class ProcessingTime:
    """Seconds by the clock and seconds of computing."""

    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What an attempt did with a video; None for what it did not come to.

    Args:
        release: version of the project that the worker ran.
        ffmpeg: what the program says it is.
        original: the player's file.
        found: what is in it.
        command: the command line as it was run, without the folders of its files.
        made: the picture that was made.
        files: what was stored, by name.
        job: what the whole work took, transfers included.
        encoder: what the command took.
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
    """A receipt with the attempt it is of, and when that began and ended by the database's clock."""

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
    """Keep a receipt; for the transaction that ends the video's work, so that one is never without the other."""
    connection.execute(_STORE, {"video_id": video_id, "receipt": json.dumps(asdict(receipt))})


def find_receipt(connection: Connection, video_id: UUID) -> DatedReceipt | None:
    """A video's receipt; None while it is not done, and for those that releases without receipts made."""
    row = connection.execute(_FIND, {"video_id": video_id}).one_or_none()
    return None if row is None else DatedReceipt(row.attempt, row.started_at, row.completed_at, _receipt(row.receipt))


def _receipt(told: dict[str, Any]) -> Receipt:
    parts = {
        "original": FileDigest,
        "found": SourceProperties,
        "made": ReceiptOutputs,
        "job": ProcessingTime,
        "encoder": ProcessingTime,
    }
    read = {name: _read(parts[name], value) if value and name in parts else value for name, value in told.items()}
    read["files"] = {name: _read(FileDigest, value) for name, value in told["files"].items()}
    read["command"] = tuple(told["command"]) if told["command"] else None
    return _read(Receipt, read)


def _read(kind: type[_Told], told: Mapping[str, Any]) -> _Told:
    # While a release rolls out, its worker may tell more than this one knows.
    known = {part.name for part in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in told.items() if name in known})
