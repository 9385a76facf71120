"""What the media tests share: the worker's recipe, and the corpus of honest files.

Each is made, processed and decoded once; the tests look at what was kept of it.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame

from benchmarks.encoding import pipeline_runner
from benchmarks.encoding.variants import place
from services.worker import media
from services.worker.pipeline import EncodeSettings, curtain_frames
from services.worker.toolchain import find_curtain, find_watermark
from tests.integration.services.worker import clips
from tests.integration.services.worker.clips import FFMPEG

from .honest import HONEST, Honest


@dataclass(frozen=True, kw_only=True)
class Processed:
    """What a job made of an honest file.

    Args:
        picture: what the probe found.
        folder: of the job.
        percentages: what was reported of the progress.
    """

    picture: media.VideoStream
    folder: Path
    percentages: list[int]


@dataclass(frozen=True, kw_only=True)
class Video:
    """A processed file, looked at once.

    Args:
        honest: the file it was made of.
        job: what the job made.
        seen: what the video is.
        first: number of the first of the player's pictures.
        last: number of the last picture.
        pictures: some pictures of the video by their numbers, in RGB: those at its ends, around each end of the
            player's clip, and in the clip's middle.
    """

    honest: Honest
    job: Processed
    seen: clips.Seen
    first: int
    last: int
    pictures: dict[int, VideoFrame]

    @property
    def middle(self) -> int:
        """Number of a picture in the middle of the player's."""
        return middle_of(self.honest)


def middle_of(honest: Honest) -> int:
    """Number of a picture in the middle of the player's, in the video made of a file."""
    return curtain_frames(honest.rate) + round(honest.rate * honest.seconds) // 2


@pytest.fixture(scope="session")
def recipe() -> EncodeSettings:
    return EncodeSettings(ffmpeg=FFMPEG, watermark=find_watermark(), curtain=find_curtain(), max_seconds=30, threads=3)


@pytest.fixture(scope="session")
def processed(recipe: EncodeSettings, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Processed]:
    """Makes an honest file and processes it as a job does, or gives what was made of it before."""
    made: dict[str, Processed] = {}

    def get(name: str) -> Processed:
        if name not in made:
            made[name] = process(name)
        return made[name]

    def process(name: str) -> Processed:
        base = tmp_path_factory.mktemp("honest")
        clip, folder = base / f"clip.{HONEST[name].ending}", base / "job"
        HONEST[name].make(clip)
        place(clip, folder)
        reported: list[int] = []
        picture = pipeline_runner.process(recipe, folder, offline=True, report=reported.append)
        return Processed(picture=picture, folder=folder, percentages=reported)

    return get


@pytest.fixture(scope="module", params=HONEST)
def video(request: pytest.FixtureRequest, processed: Callable[[str], Processed]) -> Video:
    """Each honest file in turn: all tests of a module look at it before the next is made."""
    honest, job = HONEST[request.param], processed(request.param)
    path = job.folder / media.PROCESSED
    seen, first = clips.look(path), curtain_frames(honest.rate)
    last = seen.frames - 1
    wanted = {0, first - 1, first, middle_of(honest), last - first, last}
    return Video(honest=honest, job=job, seen=seen, first=first, last=last, pictures=pictures_of(path, wanted))


def pictures_of(path: Path, numbers: Set[int]) -> dict[int, VideoFrame]:
    """Some pictures of a video in RGB, from one decoding."""
    with av.open(str(path)) as container:
        return {
            number: frame.reformat(format="rgb24")
            for number, frame in enumerate(container.decode(video=0))
            if number in numbers
        }
