"""What is made of every honest file: the frame, the length, one stream, the colours, the mark, the curtain, quality."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame

from benchmarks.encoding.ffmpeg import run
from benchmarks.encoding.quality import lossless, vmaf
from benchmarks.encoding.variants import place
from services.worker import media
from services.worker.colours import BT709
from services.worker.pipeline import EncodeSettings, command, curtain_frames
from tests.integration.services.worker import clips

from .conftest import Processed, Video
from .honest import HONEST
from .marks import contrast, looks_like

LEAST_VMAF = 90
# testsrc2's bars, away from what moves: red, green, yellow, blue.
BARS = {(80, 640): (255, 0, 0), (240, 640): (0, 255, 0), (560, 640): (255, 255, 0), (720, 640): (0, 0, 255)}


@pytest.fixture(scope="module")
def curtain(recipe: EncodeSettings) -> VideoFrame:
    return clips.frame_at(recipe.curtain)


@pytest.fixture(scope="module")
def mark(recipe: EncodeSettings) -> VideoFrame:
    return clips.frame_at(recipe.watermark)


def test_frame_length_and_single_stream(video: Video) -> None:
    seen, honest = video.seen, video.honest
    assert (seen.width, seen.height, seen.shape, seen.codec) == (1280, 720, 1, "h264")
    assert (seen.kinds, seen.rate) == (("video",), honest.rate)
    # A variable rate's last picture may last longer than its file says.
    allowed = 6 if honest is HONEST["variable rate"] else 1
    assert abs(seen.frames - (2 * video.first + round(honest.rate * honest.seconds))) <= allowed
    assert seen.seconds == pytest.approx(seen.frames / seen.rate, abs=0.01)
    assert seen.faststart


def test_colours_are_those_of_every_screen(video: Video) -> None:
    """The file says BT.709, and a converted picture looks like the one that was filmed."""
    for kind in (media.PROCESSED, media.PREVIEW):
        with av.open(str(video.job.folder / kind)) as container:
            context = container.streams.video[0].codec_context
            assert context.pix_fmt == "yuv420p"
            tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
            assert tags == (BT709, BT709, BT709, 1), kind
    if video.honest.bars is not None:
        for (x, y), colour in BARS.items():
            seen = clips.colour(video.pictures[video.middle], x, y)
            near = (abs(one - other) <= video.honest.bars for one, other in zip(seen, colour, strict=True))
            assert all(near), (x, y, seen)


@pytest.mark.parametrize("name", [name for name, honest in HONEST.items() if honest.colours])
def test_hdr_is_recognized_by_its_metadata(processed: Callable[[str], Processed], name: str) -> None:
    picture = processed(name).picture
    assert (picture.colours, picture.pixel_format) == (HONEST[name].colours, "yuv420p10le")
    assert picture.colours.is_hdr and not picture.colours.is_bt709


def test_mark_is_in_the_corner_of_the_players_pictures(video: Video, mark: VideoFrame) -> None:
    for number in (video.first, video.middle):
        assert contrast(video.pictures[number], mark) > 50
    assert contrast(clips.frame_at(video.job.folder / media.POSTER), mark) > 50


def test_curtain_is_at_both_ends_and_the_clip_between(video: Video, curtain: VideoFrame) -> None:
    first, last = video.first, video.last
    for number, is_curtain in ((0, True), (first - 1, True), (first, False), (last - first, False), (last, True)):
        assert looks_like(video.pictures[number], curtain) == is_curtain, number


def test_progress_never_falls_and_ends_below_a_hundred(video: Video) -> None:
    reported = video.job.percentages
    assert reported == sorted(reported)
    assert 90 <= reported[-1] <= 99


def test_poster_and_preview_show_the_player(video: Video, curtain: VideoFrame) -> None:
    folder = video.job.folder
    assert not looks_like(clips.frame_at(folder / media.POSTER), curtain)
    preview = clips.look(folder / media.PREVIEW)
    assert (preview.width, preview.height, preview.kinds) == (320, 180, ("video",))
    assert preview.seconds <= 4


@pytest.mark.parametrize("name", ["portrait", "4K", "variable rate", "HDR10", "25 pictures a second"])
def test_encoder_keeps_the_quality(
    processed: Callable[[str], Processed], recipe: EncodeSettings, tmp_path: Path, name: str
) -> None:
    """Compared with a lossless run of the same graph, so what counts is the encoder, which is the same for all files.

    A few files with little and much to encode stand for all of them.
    """
    honest, job, reference = HONEST[name], processed(name), tmp_path / "reference"
    place(job.folder / media.ORIGINAL, reference)
    run(lossless(command(recipe, job.picture)), folder=reference)
    first, frames = curtain_frames(honest.rate), round(honest.rate * honest.seconds)
    made, expected = job.folder / media.PROCESSED, reference / media.PROCESSED
    assert vmaf(recipe.ffmpeg, made, expected, first=first, frames=frames) >= LEAST_VMAF
