"""Collects a video's receipt while its job runs."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from services.videos.receipts import FileDigest, ProcessingTime, Receipt, ReceiptOutputs, SourceProperties
from services.worker import media
from services.worker.mp4_boxes import read_brand
from services.worker.sandbox import Usage


class ReceiptBuilder:
    """Collects the data of a receipt; create it in the thread that runs the job.

    Args:
        release: version of the running release.
        ffmpeg: version line of ffmpeg.
    """

    def __init__(self, *, release: str, ffmpeg: str) -> None:
        self._release = release
        self._ffmpeg = ffmpeg
        self._started = time.monotonic()
        # CPU time of this thread only: other jobs of the worker run in other threads.
        self._start_cpu_seconds = time.thread_time()
        self._child_cpu_seconds = 0.0
        self._original: FileDigest | None = None
        self._container: str | None = None
        self._found: SourceProperties | None = None
        self._command: tuple[str, ...] | None = None
        self._outputs: ReceiptOutputs | None = None
        self._encoder: ProcessingTime | None = None
        self._files: dict[str, FileDigest] = {}

    def add_original(self, original: Path) -> None:
        """Record the fetched file."""
        self._original = FileDigest.of(original)
        self._container = read_brand(original)

    def add_probe_usage(self, usage: Usage) -> None:
        """Add the CPU time of the probe."""
        self._child_cpu_seconds += usage.cpu_seconds

    def add_probe_result(self, found: dict[str, Any]) -> None:
        """Record the output of `services.worker.probe_child`."""
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

    def add_command(
        self, command: list[str], video_stream: media.VideoStream, frame_rate: str, max_seconds: int
    ) -> None:
        """Record the ffmpeg command, before it runs."""
        # Paths of this machine are kept out of the receipt.
        self._command = tuple(Path(part).name if os.path.isabs(part) else part for part in command)
        self._outputs = ReceiptOutputs(
            width=media.WIDTH,
            height=media.HEIGHT,
            frame_rate=frame_rate,
            kept_seconds=min(video_stream.seconds, max_seconds) if video_stream.seconds else None,
        )

    def add_encoder_usage(self, usage: Usage) -> None:
        """Record the time of the ffmpeg command, successful or not."""
        self._encoder = ProcessingTime(round(usage.wall_seconds, 3), round(usage.cpu_seconds, 3))
        self._child_cpu_seconds += usage.cpu_seconds

    def add_output(self, name: str, file: Path) -> None:
        """Record an output file, before it is stored."""
        self._files[name] = FileDigest.of(file)

    def build(self) -> Receipt:
        """Return the receipt of the job, which ends now."""
        cpu_seconds = time.thread_time() - self._start_cpu_seconds + self._child_cpu_seconds
        return Receipt(
            release=self._release,
            ffmpeg=self._ffmpeg,
            job=ProcessingTime(round(time.monotonic() - self._started, 3), round(cpu_seconds, 3)),
            original=self._original,
            found=self._found,
            command=self._command,
            # A failed command has no outputs.
            made=self._outputs if self._files else None,
            files=self._files,
            encoder=self._encoder,
        )
