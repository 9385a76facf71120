"""Measures the worker's pipeline on typical clips of phones."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.encoding import pipeline_runner
from benchmarks.encoding.ffmpeg import measure_usage, run
from benchmarks.encoding.variants import stage_clip
from operations.simulate.measured import BUSY_VCPUS
from services.worker.pipeline import EncodeSettings
from services.worker.toolchain import find_bumper, find_ffmpeg, find_watermark
from stacks.settings.model import Settings
from workspace.errors import UserError

_THREADS = 3
"""Threads of a worker that processes one video on two vCPUs."""


@dataclass(frozen=True, kw_only=True)
class BenchmarkClip:
    """A typical clip.

    Args:
        name: display name.
        size: width x height in pixels.
        rate: frames per second.
        seconds: duration.
        megabits: bit rate, in Mbit/s.
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
    BenchmarkClip(name="1080p portrait, 45 s", size="1080x1920", rate=30, seconds=45, megabits=17),
    BenchmarkClip(name="1080p at 60 fps, 30 s", size="1920x1080", rate=60, seconds=30, megabits=24),
    BenchmarkClip(name="2160p, 20 s", size="3840x2160", rate=30, seconds=20, megabits=36),
)
"""All within the portal's limit of 100 MB; the worker reads the first 30 s of each."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Median cost of a job.

    Args:
        clip: the processed clip.
        wall_seconds: elapsed time.
        cpu_seconds: CPU time of all cores.
    """

    clip: BenchmarkClip
    wall_seconds: float
    cpu_seconds: float

    @property
    def seconds_alone(self) -> float:
        """Duration of the job alone on an instance."""
        return round(self.cpu_seconds / BUSY_VCPUS, 1)


def measure(*, rounds: int, on_progress: Callable[[str], None]) -> list[Timing]:
    """Process each clip several times and return the medians.

    Args:
        rounds: number of jobs of each clip.
        on_progress: called with the name of the next clip.
    """
    timings = []
    max_seconds = Settings.model_validate({}).max_clip_seconds
    settings = EncodeSettings(find_ffmpeg(os.environ).path, find_watermark(), find_bumper(), max_seconds, _THREADS)
    with tempfile.TemporaryDirectory() as folder:
        for clip in CLIPS:
            on_progress(clip.name)
            original = _create_clip(clip, settings.ffmpeg, Path(folder) / "clip.mp4")
            job = Path(folder) / "job"
            usages = []
            for _ in range(rounds):
                stage_clip(original, job)
                usages.append(measure_usage(lambda job=job: pipeline_runner.process(settings, job, offline=False)))  # type: ignore[misc]
            timings.append(
                Timing(
                    clip=clip,
                    wall_seconds=median(usage.wall_seconds for usage in usages),
                    cpu_seconds=median(usage.cpu_seconds for usage in usages),
                )
            )
    return timings


def render_table(timings: Sequence[Timing]) -> str:
    """Render the timings as Markdown."""
    lines = [
        "| clip | seconds here | CPU seconds | seconds alone on an instance |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {timing.clip.name} | {timing.wall_seconds:.1f} | {timing.cpu_seconds:.1f} | {timing.seconds_alone} |"
        for timing in timings
    ]
    return "\n".join(lines)


def _create_clip(clip: BenchmarkClip, ffmpeg: Path, path: Path) -> Path:
    # Noise, as of a camera, which is costly to encode.
    video = f"testsrc2=s={clip.size}:r={clip.rate},noise=alls=8:allf=t"
    command: list[str | Path] = [
        ffmpeg,
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        video,
        "-t",
        str(clip.seconds),
    ]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", f"{clip.megabits}M", path]
    try:
        run(command)
    except UserError as error:
        raise UserError(f"The clip {clip.name} could not be created: {error.message}") from None
    return path
