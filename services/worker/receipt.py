"""Writes a video's receipt down while the video is worked on."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from services.videos.receipts import FileDigest, ProcessingTime, Receipt, ReceiptOutputs, SourceProperties
from services.worker import media
from services.worker.mp4_boxes import brand
from services.worker.sandbox import Usage


class ReceiptBuilder:
    """What is known of a video so far; made by the thread that does the work.

    Args:
        release: version of the project that runs.
        ffmpeg: what the program says it is.
    """

    def __init__(self, *, release: str, ffmpeg: str) -> None:
        self._release = release
        self._ffmpeg = ffmpeg
        self._started = time.monotonic()
        # This thread's alone: other slots of the worker have theirs.
        self._cpu_at_start = time.thread_time()
        self._cpu_of_programs = 0.0
        self._original: FileDigest | None = None
        self._container: str | None = None
        self._found: SourceProperties | None = None
        self._command: tuple[str, ...] | None = None
        self._made: ReceiptOutputs | None = None
        self._encoder: ProcessingTime | None = None
        self._files: dict[str, FileDigest] = {}

    def fetched(self, original: Path) -> None:
        """The player's file is here."""
        self._original = FileDigest.of(original)
        self._container = brand(original)

    def probed(self, usage: Usage) -> None:
        """The probe ended, whatever it found."""
        self._cpu_of_programs += usage.cpu_seconds

    def found(self, found: dict[str, Any]) -> None:
        """The probe read the file; see `services.worker.probe_child` for what it tells."""
        known = {"container": self._container, "streams": found["streams"], "sound": bool(found["sounds"])}
        if not found["video"]:
            self._found = SourceProperties(**known)
            return
        stream = found["video"][0]
        self._found = SourceProperties(
            **known,
            codec=stream["codec"],
            width=stream["width"],
            height=stream["height"],
            rotation=found["rotation"],
            pixel_shape=stream["pixel_shape"],
            pixel_format=stream["pixel_format"],
            frame_rate=stream["frame_rate"],
            seconds=stream["seconds"] or found["seconds"],
        )

    def encoding(self, command: list[str], picture: media.VideoStream, frame_rate: str, max_seconds: int) -> None:
        """The command is about to run."""
        # Where the release lies on this machine is nobody's business.
        self._command = tuple(Path(part).name if os.path.isabs(part) else part for part in command)
        self._made = ReceiptOutputs(
            width=media.WIDTH,
            height=media.HEIGHT,
            frame_rate=frame_rate,
            kept_seconds=min(picture.seconds, max_seconds) if picture.seconds else None,
        )

    def encoded(self, usage: Usage) -> None:
        """The command ended, however it did."""
        self._encoder = ProcessingTime(round(usage.wall_seconds, 3), round(usage.cpu_seconds, 3))
        self._cpu_of_programs += usage.cpu_seconds

    def made(self, name: str, file: Path) -> None:
        """A file is ready to be stored."""
        self._files[name] = FileDigest.of(file)

    def receipt(self) -> Receipt:
        """The receipt of a work that ends now."""
        cpu = time.thread_time() - self._cpu_at_start + self._cpu_of_programs
        return Receipt(
            release=self._release,
            ffmpeg=self._ffmpeg,
            job=ProcessingTime(round(time.monotonic() - self._started, 3), round(cpu, 3)),
            original=self._original,
            found=self._found,
            command=self._command,
            # A command that failed made nothing.
            made=self._made if self._files else None,
            files=self._files,
            encoder=self._encoder,
        )
