"""Speed, size and quality of x264's presets with the worker's filter graph: the basis of its default."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from benchmarks.encoding import pipeline_runner
from benchmarks.encoding.ffmpeg import measure_usage, run
from benchmarks.encoding.quality import lossless, vmaf, with_encoder
from benchmarks.encoding.variants import stage_clip
from services.worker import media
from services.worker.pipeline import EncodeSettings, bumper_frames, command, frame_rate

_SECONDS = 5
CHOICES = (
    ("ultrafast", 28),
    ("superfast", 23),
    ("superfast", 25),
    ("veryfast", 21),
    ("veryfast", 22),
    ("veryfast", 23),
    ("faster", 23),
    ("faster", 25),
)
NOTE = f"Presets run once over the first {_SECONDS} s; sizes and CPU seconds are per minute of the player's clip."


def render_table(
    settings: EncodeSettings, clip: Path, folder: Path, *, offline: bool, choices: Sequence[tuple[str, int]] = CHOICES
) -> str:
    """Measure presets and rate factors; render the results as Markdown.

    Args:
        settings: encode settings of the worker.
        clip: source clip.
        folder: temporary folder.
        offline: whether the probe runs without network access.
        choices: presets and rate factors.
    """
    job_folder = folder / "curve"
    stage_clip(clip, job_folder)
    video_stream = pipeline_runner.probe_file(job_folder, offline=offline)
    settings = dataclasses.replace(settings, max_seconds=_SECONDS)
    line = command(settings, video_stream)
    video, reference = job_folder / media.PROCESSED, job_folder / "reference.mp4"
    run(lossless(line), folder=job_folder)
    video.rename(reference)
    first = bumper_frames(frame_rate(video_stream))
    frames = int(frame_rate(video_stream) * min(_SECONDS, video_stream.seconds or _SECONDS))
    lines = ["| preset | crf | CPU seconds | MB | VMAF |", "| --- | ---: | ---: | ---: | ---: |"]
    for preset, crf in choices:
        modified = with_encoder(line, preset=preset, crf=crf)
        usage = measure_usage(lambda modified=modified: run(modified, folder=job_folder))  # type: ignore[misc]
        minute = 60 / _SECONDS
        score = vmaf(settings.ffmpeg, video, reference, first=first, frames=frames)
        lines.append(
            f"| {preset} | {crf} | {usage.cpu_seconds * minute:.0f} | {video.stat().st_size * minute / 1e6:.1f} "
            f"| {score:.1f} |"
        )
    return "\n".join(lines)
