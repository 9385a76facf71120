"""How long the worker takes for a video: the pipeline itself, run on clips such as phones make."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.encoding import pipeline_runner
from benchmarks.encoding.ffmpeg import cost_of, run
from benchmarks.encoding.variants import place
from operations.simulate.measured import BUSY_VCPUS
from services.worker.pipeline import EncodeSettings
from services.worker.toolchain import find_bumper, find_ffmpeg, find_watermark
from stacks.settings.model import Settings
from workspace.errors import UserError

_THREADS = 3
"""What a worker gives its one video on two processors."""


@dataclass(frozen=True, kw_only=True)
class BenchmarkClip:
    """A kind of video that players send.

    Args:
        name: what people call it.
        size: width x height in pixels.
        rate: pictures a second.
        seconds: its length.
        megabits: a second.
    """

    name: str
    size: str
    rate: int
    seconds: int
    megabits: int


CLIPS = (
    BenchmarkClip(name="1080p, 20 s", size="1920x1080", rate=30, seconds=20, megabits=17),
    BenchmarkClip(name="720p, 45 s", size="1280x720", rate=30, seconds=45, megabits=9),
    BenchmarkClip(name="1080p, 30 s", size="1920x1080", rate=30, seconds=30, megabits=17),
    BenchmarkClip(name="1080p upright, 45 s", size="1080x1920", rate=30, seconds=45, megabits=17),
    BenchmarkClip(name="1080p at 60 pictures a second, 30 s", size="1920x1080", rate=60, seconds=30, megabits=24),
    BenchmarkClip(name="2160p, 20 s", size="3840x2160", rate=30, seconds=20, megabits=36),
)
"""Within what the portal accepts, up to 100 MB; the first half minute is what a worker reads."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What a clip cost.

    Args:
        clip: which.
        wall: seconds by the clock.
        processor: seconds of processors.
    """

    clip: BenchmarkClip
    wall: float
    processor: float


def measure(*, rounds: int, told: Callable[[str], None]) -> list[Timing]:
    """Process every kind of clip, in turn; gives the medians.

    Args:
        rounds: how often each.
        told: what is being done.
    """
    timings = []
    kept = Settings.model_validate({}).max_clip_seconds
    settings = EncodeSettings(find_ffmpeg(os.environ).path, find_watermark(), find_bumper(), kept, _THREADS)
    with tempfile.TemporaryDirectory() as folder:
        for clip in CLIPS:
            told(clip.name)
            original = _made(clip, settings.ffmpeg, Path(folder) / "clip.mp4")
            job = Path(folder) / "job"
            costs = []
            for _ in range(rounds):
                place(original, job)
                costs.append(cost_of(lambda job=job: pipeline_runner.process(settings, job, offline=False)))  # type: ignore[misc]
            wall, processor = median(cost.wall for cost in costs), median(cost.processor for cost in costs)
            timings.append(Timing(clip=clip, wall=wall, processor=processor))
    return timings


def table(timings: Sequence[Timing]) -> str:
    """The timings as Markdown. The last column is what `./anb simulate` reads."""
    lines = [
        "| clip | by the clock here | processor seconds | seconds alone on an instance |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {each.clip.name} | {each.wall:.1f} | {each.processor:.1f} | {each.processor / BUSY_VCPUS:.1f} |"
        for each in timings
    ]
    return "\n".join(lines)


def _made(clip: BenchmarkClip, ffmpeg: Path, path: Path) -> Path:
    # Noise, because a camera has it and an encoder works at it.
    pictures = f"testsrc2=s={clip.size}:r={clip.rate},noise=alls=8:allf=t"
    command: list[str | Path] = [
        ffmpeg,
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        pictures,
        "-t",
        str(clip.seconds),
    ]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", f"{clip.megabits}M", path]
    try:
        run(command)
    except UserError as problem:
        raise UserError(f"The clip {clip.name} could not be made: {problem.message}") from None
    return path
