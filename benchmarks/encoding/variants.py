"""Three ways from the same clip to a video, each in a folder of its own: ours, its bare command, the original's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.encoding import baseline, pipeline_runner
from benchmarks.encoding.ffmpeg import ResourceUsage, cost_of, run
from benchmarks.encoding.quality import lossless, vmaf
from services.worker import media
from services.worker.pipeline import EncodeSettings, bumper_frames, command, frame_rate

OURS, BARE, ORIGINAL = "the worker", "its command alone", "the original's recipe"
NAMES = (ORIGINAL, BARE, OURS)


@dataclass(frozen=True, kw_only=True)
class EncodedVariant:
    """What a way made of a clip, and what it took.

    Args:
        cost: of the work.
        size: bytes of the video.
    """

    cost: ResourceUsage
    size: int


def make(way: str, settings: EncodeSettings, clip: Path, folder: Path, *, offline: bool) -> EncodedVariant:
    """Go one way, from the fetched file to the result.

    Args:
        way: one of ``NAMES``.
        settings: of the worker.
        clip: the player's file.
        folder: is emptied before, and holds the video after.
        offline: whether our programs are cut off from the network, as a worker's are.
    """
    place(clip, folder)
    works: dict[str, Callable[[], object]] = {
        OURS: lambda: pipeline_runner.process(settings, folder, offline=offline),
        BARE: lambda: None,
        ORIGINAL: lambda: [run(line, folder=folder) for line in baseline.commands(settings)],
    }
    if way == BARE:
        # What a person would type, who knows what the probe finds.
        line = command(settings, pipeline_runner.look(folder, offline=offline))
        works[BARE] = lambda: run(line, folder=folder)
    cost = cost_of(works[way])
    return EncodedVariant(cost=cost, size=(folder / media.PROCESSED).stat().st_size)


def quality(way: str, settings: EncodeSettings, clip: Path, folder: Path, *, offline: bool) -> float:
    """The VMAF of what a way left in its folder; the bumper does not count.

    Args:
        way, settings, clip, folder, offline: as they were when it was made.
    """
    video, reference = folder / media.PROCESSED, folder.with_name("reference")
    place(clip, reference)
    picture = pipeline_runner.look(reference, offline=offline)
    if way == ORIGINAL:
        *copies, encode = baseline.commands(settings)
        for line in [*copies, lossless(encode)]:
            run(line, folder=reference)
        return vmaf(settings.ffmpeg, video, reference / media.PROCESSED)
    run(lossless(command(settings, picture)), folder=reference)
    rate = frame_rate(picture)
    frames = int(rate * min(settings.max_seconds, picture.seconds or settings.max_seconds))
    first = bumper_frames(rate)
    return vmaf(settings.ffmpeg, video, reference / media.PROCESSED, first=first, frames=frames)


def place(clip: Path, folder: Path) -> None:
    """Put a clip into an empty folder, where a worker fetches it to."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.link(clip, folder / media.ORIGINAL)
