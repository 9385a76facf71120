"""Fixtures of the media tests: encode settings, and the corpus of valid clips.

Each clip is created, processed and decoded once; the tests share the result.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame

from benchmarks.encoding import pipeline_runner
from benchmarks.encoding.variants import stage_clip
from services.worker import media
from services.worker.pipeline import EncodeSettings, bumper_frames
from services.worker.toolchain import find_bumper, find_watermark
from tests.integration.services.worker import clips
from tests.integration.services.worker.clips import FFMPEG

from .valid_media import VALID_CLIPS, ValidClip


@dataclass(frozen=True, kw_only=True)
class PipelineRun:
    """Result of processing a valid clip.

    Args:
        video_stream: stream found by the probe.
        folder: folder of the job.
        percentages: reported progress.
    """

    video_stream: media.VideoStream
    folder: Path
    percentages: list[int]


@dataclass(frozen=True, kw_only=True)
class ProcessedVideo:
    """A published video, decoded once.

    Args:
        valid_clip: source clip.
        run: result of the pipeline.
        info: properties of the video.
        first: number of the clip's first frame.
        last: number of the last frame.
        frames: some frames in RGB, by number: first and last, around both ends of the clip, and in its middle.
    """

    valid_clip: ValidClip
    run: PipelineRun
    info: clips.VideoInfo
    first: int
    last: int
    frames: dict[int, VideoFrame]

    @property
    def middle(self) -> int:
        """Number of a frame in the middle of the clip."""
        return middle_of(self.valid_clip)


def middle_of(valid_clip: ValidClip) -> int:
    """Return the number of the frame in the middle of a clip, within its video."""
    return bumper_frames(valid_clip.rate) + round(valid_clip.rate * valid_clip.seconds) // 2


@pytest.fixture(scope="session")
def encode_settings() -> EncodeSettings:
    return EncodeSettings(ffmpeg=FFMPEG, watermark=find_watermark(), bumper=find_bumper(), max_seconds=30, threads=3)


@pytest.fixture(scope="session")
def processed(
    encode_settings: EncodeSettings, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], PipelineRun]:
    """Return a function that creates and processes a valid clip, cached by name."""
    runs: dict[str, PipelineRun] = {}

    def get(name: str) -> PipelineRun:
        if name not in runs:
            runs[name] = process(name)
        return runs[name]

    def process(name: str) -> PipelineRun:
        base = tmp_path_factory.mktemp("valid-clip")
        clip, folder = base / f"clip.{VALID_CLIPS[name].ending}", base / "job"
        VALID_CLIPS[name].create(clip)
        stage_clip(clip, folder)
        percentages: list[int] = []
        video_stream = pipeline_runner.process(encode_settings, folder, offline=True, report=percentages.append)
        return PipelineRun(video_stream=video_stream, folder=folder, percentages=percentages)

    return get


@pytest.fixture(scope="module", params=VALID_CLIPS)
def video(request: pytest.FixtureRequest, processed: Callable[[str], PipelineRun]) -> ProcessedVideo:
    """Each valid clip in turn; all tests of a module run on it before the next is created."""
    valid_clip, run = VALID_CLIPS[request.param], processed(request.param)
    path = run.folder / media.PROCESSED
    info, first = clips.inspect(path), bumper_frames(valid_clip.rate)
    last = info.frames - 1
    numbers = {0, first - 1, first, middle_of(valid_clip), last - first, last}
    return ProcessedVideo(
        valid_clip=valid_clip, run=run, info=info, first=first, last=last, frames=decode_frames(path, numbers)
    )


def decode_frames(path: Path, numbers: Set[int]) -> dict[int, VideoFrame]:
    """Decode some frames of a video, in RGB."""
    with av.open(str(path)) as container:
        return {
            number: frame.reformat(format="rgb24")
            for number, frame in enumerate(container.decode(video=0))
            if number in numbers
        }
