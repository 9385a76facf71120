"""What is made of every honest file: the frame, the length, one stream, the colours, the mark, the curtain, quality."""

from __future__ import annotations

from collections.abc import Callable

import av
import pytest

from operations.encoding.quality import vmaf
from services.worker import media
from services.worker.colours import BT709
from services.worker.pipeline import Recipe, curtain_frames
from tests.integration.services.worker import clips

from .conftest import Processed
from .honest import HONEST
from .marks import contrast, looks_like

Get = Callable[[str], Processed]
pytestmark = pytest.mark.parametrize("name", HONEST)
LEAST_VMAF = 90


def body(name: str) -> tuple[int, int]:
    """The first of the player's pictures, and how many there are."""
    return curtain_frames(HONEST[name].rate), round(HONEST[name].rate * HONEST[name].seconds)


def test_the_frame_the_length_and_the_one_stream(processed: Get, name: str) -> None:
    seen = clips.look(processed(name).folder / media.PROCESSED)
    first, frames = body(name)
    assert (seen.width, seen.height, seen.shape, seen.codec) == (1280, 720, 1, "h264")
    assert (seen.kinds, seen.rate) == (("video",), HONEST[name].rate)
    # A variable rate's last picture may last longer than its file says.
    assert abs(seen.frames - (2 * first + frames)) <= (6 if name == "variable rate" else 1)
    assert seen.seconds == pytest.approx(seen.frames / seen.rate, abs=0.01)
    assert seen.faststart


def test_the_colours_are_those_of_every_screen(processed: Get, name: str) -> None:
    for kind in (media.PROCESSED, media.PREVIEW):
        with av.open(str(processed(name).folder / kind)) as container:
            context = container.streams.video[0].codec_context
            assert context.pix_fmt == "yuv420p"
            tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
            assert tags == (BT709, BT709, BT709, 1), kind


def test_the_mark_is_in_the_corner_of_every_picture_of_the_player(processed: Get, recipe: Recipe, name: str) -> None:
    folder = processed(name).folder
    mark = clips.frame_at(recipe.watermark)
    first, frames = body(name)
    for index in (first, first + frames // 2):
        assert contrast(clips.frame_at(folder / media.PROCESSED, index), mark) > 50
    assert contrast(clips.frame_at(folder / media.POSTER), mark) > 50


def test_the_curtain_is_at_both_ends_and_the_clip_between(processed: Get, recipe: Recipe, name: str) -> None:
    video = processed(name).folder / media.PROCESSED
    curtain, (first, _) = clips.frame_at(recipe.curtain), body(name)
    last = clips.look(video).frames - 1
    for index, is_curtain in ((0, True), (first - 1, True), (first, False), (last - first, False), (last, True)):
        assert looks_like(clips.frame_at(video, index), curtain) == is_curtain, index


def test_the_percentage_never_falls_and_ends_below_a_hundred(processed: Get, name: str) -> None:
    told = processed(name).percentages
    assert told == sorted(told)
    assert 90 <= told[-1] <= 99


def test_the_poster_and_the_preview_show_the_player(processed: Get, recipe: Recipe, name: str) -> None:
    folder, curtain = processed(name).folder, clips.frame_at(recipe.curtain)
    assert not looks_like(clips.frame_at(folder / media.POSTER), curtain)
    preview = clips.look(folder / media.PREVIEW)
    assert (preview.width, preview.height, preview.kinds) == (320, 180, ("video",))
    assert preview.seconds <= 4


def test_little_of_the_picture_is_lost(processed: Get, recipe: Recipe, name: str) -> None:
    made = processed(name)
    first, frames = body(name)
    kept = vmaf(recipe.ffmpeg, made.folder / media.PROCESSED, made.reference, first=first, frames=frames)
    assert kept >= LEAST_VMAF
