"""Speed, bytes and quality of x264's presets on the worker's own graph: what its default was chosen from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from benchmarks.encoding import pipeline_runner
from benchmarks.encoding.ffmpeg import cost_of, run
from benchmarks.encoding.quality import encoded, lossless, vmaf
from benchmarks.encoding.variants import place
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
NOTE = (
    f"Presets run once over the first {_SECONDS} s; their bytes and CPU seconds are of a minute of the player's clip."
)


def table(
    settings: EncodeSettings, clip: Path, folder: Path, *, offline: bool, choices: Sequence[tuple[str, int]] = CHOICES
) -> str:
    """Presets and rate factors, as Markdown.

    Args:
        settings: of the worker.
        clip: the player's file.
        folder: where folders are made.
        offline: whether the probe is cut off from the network.
        choices: presets and rate factors.
    """
    place_of = folder / "curve"
    place(clip, place_of)
    picture = pipeline_runner.look(place_of, offline=offline)
    settings = dataclasses.replace(settings, max_seconds=_SECONDS)
    line = command(settings, picture)
    video, reference = place_of / media.PROCESSED, place_of / "reference.mp4"
    run(lossless(line), folder=place_of)
    video.rename(reference)
    first = bumper_frames(frame_rate(picture))
    frames = int(frame_rate(picture) * min(_SECONDS, picture.seconds or _SECONDS))
    lines = ["| preset | crf | CPU seconds | MB | VMAF |", "| --- | ---: | ---: | ---: | ---: |"]
    for preset, crf in choices:
        changed = encoded(line, preset=preset, crf=crf)
        cost = cost_of(lambda changed=changed: run(changed, folder=place_of))  # type: ignore[misc]
        minute = 60 / _SECONDS
        score = vmaf(settings.ffmpeg, video, reference, first=first, frames=frames)
        lines.append(
            f"| {preset} | {crf} | {cost.processor * minute:.0f} | {video.stat().st_size * minute / 1e6:.1f} "
            f"| {score:.1f} |"
        )
    return "\n".join(lines)
