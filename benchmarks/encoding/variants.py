"""Three variants of encoding a clip, each in its own folder: the worker, its ffmpeg command, the original."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.encoding import pipeline_runner
from benchmarks.encoding.ffmpeg import ResourceUsage, measure_usage, run
from benchmarks.encoding.quality import lossless, vmaf
from services.worker import media
from services.worker.pipeline import EncodeSettings, bumper_frames, command, frame_rate

WORKER, COMMAND, ORIGINAL = "the worker", "its command alone", "the original's recipe"
VARIANTS = (ORIGINAL, COMMAND, WORKER)

_ORIGINAL_GRAPH = (
    "[0:v]scale='min(1280,iw)':'min(720,ih)':force_original_aspect_ratio=decrease,"
    "pad=1280:720:(ow-iw)/2:(oh-ih)/2:black[v];[v][1:v]overlay=W-w-10:10[out]"
)


@dataclass(frozen=True, kw_only=True)
class EncodedVariant:
    """Result of a variant.

    Args:
        usage: resources used.
        size: size of the video in bytes.
    """

    usage: ResourceUsage
    size: int


def encode(variant: str, settings: EncodeSettings, clip: Path, folder: Path, *, offline: bool) -> EncodedVariant:
    """Encode a clip with one variant.

    Args:
        variant: one of ``VARIANTS``.
        settings: encode settings of the worker.
        clip: source clip.
        folder: output folder; emptied first.
        offline: whether programs run without network access, as a worker's do.
    """
    stage_clip(clip, folder)
    functions: dict[str, Callable[[], object]] = {
        WORKER: lambda: pipeline_runner.process(settings, folder, offline=offline),
        COMMAND: lambda: None,
        ORIGINAL: lambda: [run(line, folder=folder) for line in original_commands(settings)],
    }
    if variant == COMMAND:
        # The command is built outside the measurement.
        line = command(settings, pipeline_runner.probe_file(folder, offline=offline))
        functions[COMMAND] = lambda: run(line, folder=folder)
    usage = measure_usage(functions[variant])
    return EncodedVariant(usage=usage, size=(folder / media.PROCESSED).stat().st_size)


def quality(variant: str, settings: EncodeSettings, clip: Path, folder: Path, *, offline: bool) -> float:
    """Return the VMAF of a variant's video, without bumpers.

    Args:
        variant, settings, clip, folder, offline: arguments of the call of ``encode``.
    """
    video, reference = folder / media.PROCESSED, folder.with_name("reference")
    stage_clip(clip, reference)
    video_stream = pipeline_runner.probe_file(reference, offline=offline)
    if variant == ORIGINAL:
        *copies, encode = original_commands(settings)
        for line in [*copies, lossless(encode)]:
            run(line, folder=reference)
        return vmaf(settings.ffmpeg, video, reference / media.PROCESSED)
    run(lossless(command(settings, video_stream)), folder=reference)
    rate = frame_rate(video_stream)
    frames = int(rate * min(settings.max_seconds, video_stream.seconds or settings.max_seconds))
    first = bumper_frames(rate)
    return vmaf(settings.ffmpeg, video, reference / media.PROCESSED, first=first, frames=frames)


def original_commands(settings: EncodeSettings) -> list[list[str]]:
    """Return our emulation of the original's three commands: two copies, then the encode.

    Args:
        settings: for the program, the watermark and the length.
    """
    start = [str(settings.ffmpeg), "-nostdin", "-hide_banner", "-v", "error", "-y"]
    return [
        [*start, "-ss", "0", "-i", media.ORIGINAL, "-t", str(settings.max_seconds), "-c", "copy", "trimmed.mp4"],
        [*start, "-i", "trimmed.mp4", "-an", "-c:v", "copy", "silent.mp4"],
        [*start, "-i", "silent.mp4", "-i", str(settings.watermark), "-filter_complex", _ORIGINAL_GRAPH, "-map", "[out]"]
        + ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "28", "-tune", "fastdecode", "-threads", "0"]
        + ["-movflags", "+faststart", "-an", media.PROCESSED],
    ]


def stage_clip(clip: Path, folder: Path) -> None:
    """Link a clip into an emptied job folder, under the name that the worker uses."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.link(clip, folder / media.ORIGINAL)
