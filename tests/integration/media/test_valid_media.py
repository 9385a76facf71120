"""Videos of all valid clips: frame, length, streams, colours, watermark, bumper and quality."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame

from benchmarks.encoding import ffmpeg
from benchmarks.encoding.quality import lossless, vmaf
from benchmarks.encoding.variants import stage_clip
from services.worker import media
from services.worker.colours import BT709
from services.worker.pipeline import EncodeSettings, bumper_frames, command
from tests.integration.services.worker import clips

from .conftest import PipelineRun, ProcessedVideo
from .image_asserts import is_bumper_frame, watermark_contrast
from .valid_media import VALID_CLIPS

MIN_VMAF = 90
# testsrc2's bars, at points without motion: red, green, yellow, blue.
BARS = {(80, 640): (255, 0, 0), (240, 640): (0, 255, 0), (560, 640): (255, 255, 0), (720, 640): (0, 0, 255)}


@pytest.fixture(scope="module")
def bumper(encode_settings: EncodeSettings) -> VideoFrame:
    return clips.frame_at(encode_settings.bumper)


@pytest.fixture(scope="module")
def watermark(encode_settings: EncodeSettings) -> VideoFrame:
    return clips.frame_at(encode_settings.watermark)


def test_frame_length_and_single_stream(video: ProcessedVideo) -> None:
    info, valid_clip = video.info, video.valid_clip
    assert (info.width, info.height, info.pixel_shape, info.codec) == (1280, 720, 1, "h264")
    assert (info.stream_types, info.rate) == (("video",), valid_clip.rate)
    # With a variable rate, the last frame may be shown longer than the file declares.
    allowed = 6 if valid_clip is VALID_CLIPS["variable rate"] else 1
    assert abs(info.frames - (2 * video.first + round(valid_clip.rate * valid_clip.seconds))) <= allowed
    assert info.seconds == pytest.approx(info.frames / info.rate, abs=0.01)
    assert info.faststart


def test_video_is_tagged_and_converted_to_bt709(video: ProcessedVideo) -> None:
    """The file is tagged BT.709, and converted frames look like the source."""
    for kind in (media.PROCESSED, media.PREVIEW):
        with av.open(str(video.run.folder / kind)) as container:
            context = container.streams.video[0].codec_context
            assert context.pix_fmt == "yuv420p"
            tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
            assert tags == (BT709, BT709, BT709, 1), kind
    if video.valid_clip.bars is not None:
        for (x, y), colour in BARS.items():
            actual = clips.mean_colour(video.frames[video.middle], x, y)
            near = (abs(one - other) <= video.valid_clip.bars for one, other in zip(actual, colour, strict=True))
            assert all(near), (x, y, actual)


@pytest.mark.parametrize("name", [name for name, valid_clip in VALID_CLIPS.items() if valid_clip.colours])
def test_hdr_is_detected(processed: Callable[[str], PipelineRun], name: str) -> None:
    video_stream = processed(name).video_stream
    assert (video_stream.colours, video_stream.pixel_format) == (VALID_CLIPS[name].colours, "yuv420p10le")
    assert video_stream.colours.is_hdr and not video_stream.colours.is_bt709


def test_watermark_is_in_corner_of_clip_and_poster(video: ProcessedVideo, watermark: VideoFrame) -> None:
    for number in (video.first, video.middle):
        assert watermark_contrast(video.frames[number], watermark) > 50
    assert watermark_contrast(clips.frame_at(video.run.folder / media.POSTER), watermark) > 50


def test_bumper_precedes_and_follows_clip(video: ProcessedVideo, bumper: VideoFrame) -> None:
    first, last = video.first, video.last
    for number, is_bumper in ((0, True), (first - 1, True), (first, False), (last - first, False), (last, True)):
        assert is_bumper_frame(video.frames[number], bumper) == is_bumper, number


def test_progress_only_increases_and_ends_below_100(video: ProcessedVideo) -> None:
    percentages = video.run.percentages
    assert percentages == sorted(percentages)
    assert 90 <= percentages[-1] <= 99


def test_poster_and_preview_show_the_clip(video: ProcessedVideo, bumper: VideoFrame) -> None:
    folder = video.run.folder
    assert not is_bumper_frame(clips.frame_at(folder / media.POSTER), bumper)
    preview = clips.inspect(folder / media.PREVIEW)
    assert (preview.width, preview.height, preview.stream_types) == (320, 180, ("video",))
    assert preview.seconds <= 4


@pytest.mark.parametrize("name", ["portrait", "4K", "variable rate", "HDR10", "25 fps"])
def test_quality_exceeds_minimum_vmaf(
    processed: Callable[[str], PipelineRun], encode_settings: EncodeSettings, tmp_path: Path, name: str
) -> None:
    """Compare with a lossless run of the same graph, which isolates the encoder; a few clips represent all."""
    valid_clip, run, reference = VALID_CLIPS[name], processed(name), tmp_path / "reference"
    stage_clip(run.folder / media.ORIGINAL, reference)
    ffmpeg.run(lossless(command(encode_settings, run.video_stream)), folder=reference)
    first, frames = bumper_frames(valid_clip.rate), round(valid_clip.rate * valid_clip.seconds)
    actual, expected = run.folder / media.PROCESSED, reference / media.PROCESSED
    assert vmaf(encode_settings.ffmpeg, actual, expected, first=first, frames=frames) >= MIN_VMAF
