"""Output of the pipeline: frame, length, streams, watermark, bumper, poster and preview."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import clips
import pytest

from services.worker import media
from services.worker.colours import Colours
from services.worker.errors import InvalidMedia, TransientError
from services.worker.mp4_boxes import check_container
from services.worker.pipeline import EncodeSettings, command
from services.worker.probe import probe
from services.worker.receipt import ReceiptBuilder
from services.worker.transcode import transcode

Maker = Callable[..., Path]
BLACK = (0, 0, 0)
FIRST = 60  # number of the clip's first frame at 30 fps
SLOW, FIRST_SLOW = "10", 20  # a lower frame rate, for tests that do not depend on it
MEASURE_SCRIPT = """
import sys
from pathlib import Path
from services.worker.sandbox import Limits, start_sandboxed

limits = Limits(cpu_seconds=240, memory_bytes=4 * 2**30, file_bytes=2**30)
program = start_sandboxed(sys.argv[2:], limits, directory=Path(sys.argv[1]), stderr=sys.stderr, offline=True)
program.communicate()
print(program.usage.peak_bytes)
sys.exit(program.returncode)
"""
"""Runs a command in a folder, and prints its peak memory. Arguments: folder, command."""


@pytest.fixture
def encode(encode_settings: EncodeSettings, tmp_path: Path) -> Maker:
    """Return a function that processes a file as a job does and returns the job's folder."""

    def run(original: Path, encode_settings: EncodeSettings = encode_settings) -> Path:
        folder = tmp_path / f"job{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        shutil.copyfile(original, folder / media.ORIGINAL)
        check_container(folder / media.ORIGINAL)
        builder = ReceiptBuilder(release="1.2.3", ffmpeg="ffmpeg version 9")
        transcode(
            folder,
            encode_settings,
            probe(folder, offline=True, builder=builder),
            seconds=120,
            offline=True,
            report=lambda _: None,
            cancelled=lambda: False,
            builder=builder,
        )
        return folder

    return run


def is_close(actual: tuple[int, ...], expected: tuple[int, ...], *, tolerance: int = 12) -> bool:
    return all(abs(one - other) <= tolerance for one, other in zip(actual, expected, strict=True))


def test_portrait_clip_becomes_silent_landscape_video(encode: Maker, clip: Maker) -> None:
    folder = encode(clip("1080x1920", seconds=45, sound=True, source="color=red"))

    info = clips.inspect(folder / media.PROCESSED)
    assert (info.width, info.height, info.pixel_shape) == (1280, 720, 1)
    assert (info.codec, info.pixel_format, info.stream_types) == ("h264", "yuv420p", ("video",))
    # 30 s of the clip, with 2 s of bumper before and after.
    assert (info.seconds, info.frames, info.rate) == (34, 1020, 30)
    assert info.faststart
    frame = clips.frame_at(folder / media.PROCESSED, 450)
    assert is_close(clips.mean_colour(frame, 640, 360), (254, 0, 0))
    # 1080x1920 fits as 404x720: bars of 438 on the left and right.
    assert is_close(clips.mean_colour(frame, 420, 360), BLACK)
    assert is_close(clips.mean_colour(frame, 850, 360), BLACK)
    assert is_close(clips.mean_colour(frame, 446, 360), (254, 0, 0))


def test_small_clip_is_scaled_up(encode: Maker, clip: Maker) -> None:
    frame = clips.frame_at(encode(clip("320x240", rate=SLOW, source="color=blue")) / media.PROCESSED, FIRST_SLOW + 3)
    # 4:3 in 16:9 is 960 wide: bars of 160 on the left and right.
    assert is_close(clips.mean_colour(frame, 640, 2), (0, 0, 254))
    assert is_close(clips.mean_colour(frame, 640, 710), (0, 0, 254))
    assert is_close(clips.mean_colour(frame, 168, 360), (0, 0, 254))
    assert is_close(clips.mean_colour(frame, 148, 360), BLACK)


def test_wide_clip_gets_bars_above_and_below(encode: Maker, clip: Maker) -> None:
    frame = clips.frame_at(encode(clip("1280x360", rate=SLOW, source="color=lime")) / media.PROCESSED, FIRST_SLOW + 3)
    assert is_close(clips.mean_colour(frame, 10, 170), BLACK)
    assert is_close(clips.mean_colour(frame, 10, 190), (0, 254, 0))
    assert is_close(clips.mean_colour(frame, 10, 545), BLACK)


@pytest.mark.parametrize("size", ["641x359", "427x853", "1x1", "17x1001", "3840x16"])
def test_odd_sizes_produce_same_frame_size(encode: Maker, clip: Maker, size: str) -> None:
    odd = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")
    info = clips.inspect(encode(clip(size, seconds=1, rate=SLOW, source="color=white", codec=odd)) / media.PROCESSED)
    assert (info.width, info.height, info.pixel_shape, info.pixel_format) == (1280, 720, 1, "yuv420p")


def test_display_rotation_is_applied(encode: Maker, clip: Maker, tmp_path: Path) -> None:
    stored = clip("640x360", seconds=1, rate=SLOW, source="color=red")
    turned = tmp_path / "turned.mp4"
    clips.write_cached("-display_rotation", "90", "-i", stored, "-c", "copy", turned)
    frame = clips.frame_at(encode(turned) / media.PROCESSED, FIRST_SLOW + 3)
    # 360x640 fits as 405x720.
    assert is_close(clips.mean_colour(frame, 640, 4), (254, 0, 0))
    assert is_close(clips.mean_colour(frame, 420, 360), BLACK)


def test_anamorphic_clip_gets_square_pixels(encode: Maker, clip: Maker) -> None:
    # 720x576 with pixels 64:45 wide is 16:9, which fills the frame.
    wide = clip("720x576", seconds=1, rate=SLOW, source="color=red", extra=("-vf", "setsar=64/45"))
    frame = clips.frame_at(encode(wide) / media.PROCESSED, FIRST_SLOW + 3)
    assert is_close(clips.mean_colour(frame, 2, 360), (254, 0, 0))
    assert is_close(clips.mean_colour(frame, 1268, 360), (254, 0, 0))


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("60", Fraction(30)), ("240", Fraction(30)), ("25", Fraction(25)), ("12", Fraction(12)), ("30000/1001", None)],
)
def test_frame_rate_is_kept_up_to_30(encode: Maker, clip: Maker, rate: str, expected: Fraction | None) -> None:
    info = clips.inspect(encode(clip("320x240", seconds=1, rate=rate, source="color=red")) / media.PROCESSED)
    assert info.rate == (expected or Fraction(rate))


def test_variable_frame_rate_becomes_constant(encode: Maker, clip: Maker) -> None:
    uneven = clip("320x240", seconds=3, extra=("-vf", "select='lt(n,30)+not(mod(n,7))'", "-fps_mode", "vfr"))
    info = clips.inspect(encode(uneven) / media.PROCESSED)
    assert info.rate == 30
    assert 85 <= info.frames - 120 <= 90


@pytest.mark.parametrize("moving", [True, False], ids=["30 fps", "one frame for 30 s"])
def test_encode_uses_a_quarter_of_an_instances_memory(
    clip: Maker, encode_settings: EncodeSettings, tmp_path: Path, moving: bool
) -> None:
    original = clip("320x240", seconds=31, source="color=red")
    if not moving:
        still = tmp_path / "still.mp4"
        clips.write_cached("-i", original, "-vf", r"select=eq(n\,0)+gte(t\,30)", "-fps_mode", "vfr", still)
        original = still
    folder = tmp_path / "job"
    folder.mkdir()
    shutil.copyfile(original, folder / media.ORIGINAL)
    video_stream = probe(folder, offline=True, builder=ReceiptBuilder(release="1.2.3", ffmpeg="ffmpeg version 9"))
    # In a separate process: a child's peak memory starts at that of its parent, here the whole test run.
    measure = [sys.executable, "-c", MEASURE_SCRIPT, folder, *command(encode_settings, video_stream)]
    peak_bytes = int(subprocess.run(measure, check=True, capture_output=True).stdout)
    assert clips.inspect(folder / media.PROCESSED).seconds == pytest.approx(34, abs=0.1)
    assert peak_bytes < 512 * 2**20


def test_length_limit_holds_for_all_frame_rates(encode: Maker, clip: Maker, encode_settings: EncodeSettings) -> None:
    short = dataclasses.replace(encode_settings, max_seconds=2)
    for rate in ("24", "25", "30000/1001", "50", "17"):
        info = clips.inspect(encode(clip("320x240", seconds=3, rate=rate, source="color=red"), short) / media.PROCESSED)
        assert 5.8 <= info.seconds <= 6, rate


def test_initial_gap_in_video_is_removed(encode: Maker, clip: Maker, tmp_path: Path) -> None:
    late = tmp_path / "late.mp4"
    original = clip("320x240", seconds=2, rate=SLOW, sound=True)
    clips.write_cached(
        "-i", original, "-itsoffset", "0.7", "-i", original, "-map", "0:a", "-map", "1:v", "-c", "copy", late
    )
    info = clips.inspect(encode(late) / media.PROCESSED)
    assert 5.9 <= info.seconds <= 6.1


@pytest.mark.parametrize(
    ("ending", "codec"),
    [
        ("mov", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p")),
        ("mp4", ("-c:v", "mpeg4")),
        (
            "mp4",
            ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le"),
        ),
        ("mp4", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")),
        ("m4v", ("-c:v", "libx264", "-preset", "ultrafast")),
        ("3gp", ("-c:v", "h263")),
    ],
    ids=["mjpeg-mov", "mpeg4", "hevc-10bit", "vp9", "m4v", "h263-3gp"],
)
def test_formats_of_phones_and_cameras_are_accepted(
    encode: Maker, clip: Maker, ending: str, codec: tuple[str, ...]
) -> None:
    info = clips.inspect(encode(clip("352x288", seconds=1, rate=SLOW, ending=ending, codec=codec)) / media.PROCESSED)
    assert (info.codec, info.pixel_format, info.width) == ("h264", "yuv420p", 1280)


def test_metadata_is_not_published(encode: Maker, clip: Maker) -> None:
    tags = {"location": "+03.4516-076.5320/", "title": "secret title", "comment": "secret comment"}
    extra = tuple(part for name, value in tags.items() for part in ("-metadata", f"{name}={value}"))
    folder = encode(clip("320x240", seconds=1, rate=SLOW, extra=(*extra, "-movflags", "use_metadata_tags")))
    for name in (media.PROCESSED, media.POSTER, media.PREVIEW):
        content = (folder / name).read_bytes()
        assert b"secret" not in content
        assert b"076.53" not in content


def test_watermark_is_in_top_right_corner(
    encode: Maker, clip: Maker, encode_settings: EncodeSettings, tmp_path: Path
) -> None:
    grey = clip("1280x720", seconds=2, rate=SLOW, source="color=gray")
    unmarked = tmp_path / "transparent.png"
    clips.write_cached("-f", "lavfi", "-i", "color=c=black@0:s=258x55,format=rgba", "-frames:v", "1", unmarked)
    with_watermark = encode(grey)
    without = encode(grey, dataclasses.replace(encode_settings, watermark=unmarked))
    for name, index in ((media.PROCESSED, FIRST_SLOW), (media.PROCESSED, FIRST_SLOW + 19), (media.POSTER, 0)):
        marked, plain = clips.frame_at(with_watermark / name, index), clips.frame_at(without / name, index)
        # The watermark is 258x55, 10 from the edges, with light letters on a dark background.
        for x, y in ((1016, 14), (1100, 14), (1256, 50)):
            assert not is_close(clips.mean_colour(marked, x, y), clips.mean_colour(plain, x, y), tolerance=40), (
                name,
                x,
                y,
            )
        for x, y in ((640, 360), (1000, 30), (1271, 30), (1100, 70), (10, 10)):
            assert is_close(clips.mean_colour(marked, x, y), clips.mean_colour(plain, x, y), tolerance=4), (name, x, y)


@pytest.mark.parametrize(("seconds", "shows"), [(3, (0, 0, 254)), (0.6, (254, 0, 0))])
def test_poster_shows_first_second_or_start_of_shorter_clip(
    encode: Maker, tmp_path: Path, seconds: float, shows: tuple[int, int, int]
) -> None:
    original = tmp_path / "two-colours.mp4"
    colours = "color=red:s=640x360:r=10:d=0.8[a];color=blue:s=640x360:r=10:d=2.2[b];[a][b]concat,format=yuv420p"
    clips.write_cached("-filter_complex", colours, "-t", str(seconds), "-preset", "ultrafast", original)
    poster = encode(original) / media.POSTER
    assert poster.read_bytes().startswith(b"\xff\xd8\xff")
    frame = clips.frame_at(poster)
    assert (frame.width, frame.height) == (1280, 720)
    assert is_close(clips.mean_colour(frame, 640, 360), shows)


def test_poster_has_colours_of_video(encode: Maker, clip: Maker) -> None:
    folder = encode(clip("1280x720", seconds=2, rate=SLOW, source="color=lime"))
    poster = clips.mean_colour(clips.frame_at(folder / media.POSTER), 640, 360)
    assert is_close(poster, clips.mean_colour(clips.frame_at(folder / media.PROCESSED, FIRST_SLOW + 10), 640, 360))


def test_preview_is_small_short_and_silent(encode: Maker, clip: Maker) -> None:
    folder = encode(clip("1280x720", seconds=6, sound=True, source="color=red"))
    info = clips.inspect(folder / media.PREVIEW)
    assert (info.width, info.height, info.codec, info.pixel_format) == (320, 180, "h264", "yuv420p")
    assert (info.stream_types, info.rate, info.seconds, info.faststart) == (("video",), 15, 4, True)
    assert is_close(clips.mean_colour(clips.frame_at(folder / media.PREVIEW), 160, 90), (254, 0, 0))
    assert (folder / media.PREVIEW).stat().st_size < 100_000


def test_preview_of_short_slow_clip_keeps_rate_and_length(encode: Maker, clip: Maker) -> None:
    info = clips.inspect(encode(clip("320x240", seconds=1, rate="12")) / media.PREVIEW)
    assert (info.rate, info.frames) == (12, 12)


def test_bumper_precedes_and_follows_clip(encode: Maker, clip: Maker, encode_settings: EncodeSettings) -> None:
    video = encode(clip("1280x720", seconds=1, source="color=red")) / media.PROCESSED
    bumper = clips.frame_at(encode_settings.bumper)
    ball, letter, plain = (182, 308), (640, 390), (1200, 100)
    for index in (0, FIRST - 1, FIRST + 30, 2 * FIRST + 29):
        frame = clips.frame_at(video, index)
        for x, y in (ball, letter, plain):
            actual, expected = (clips.mean_colour(image, x, y, size=4) for image in (frame, bumper))
            assert is_close(actual, expected, tolerance=16), (index, x, y)
    for index in (FIRST, FIRST + 29):
        assert is_close(clips.mean_colour(clips.frame_at(video, index), 640, 360), (254, 0, 0))


@pytest.mark.parametrize("broken", ["watermark", "bumper"])
def test_damaged_watermark_or_bumper_fails_the_encode(
    encode: Maker, clip: Maker, encode_settings: EncodeSettings, tmp_path: Path, broken: str
) -> None:
    cut = tmp_path / "cut.png"
    cut.write_bytes(getattr(encode_settings, broken).read_bytes()[:1500])
    with pytest.raises((InvalidMedia, TransientError)):
        encode(clip("320x240", seconds=1), dataclasses.replace(encode_settings, **{broken: cut}))


def test_missing_watermark_is_a_transient_error(
    encode: Maker, clip: Maker, encode_settings: EncodeSettings, tmp_path: Path
) -> None:
    with pytest.raises(TransientError, match="No such file"):
        encode(clip("320x240", seconds=1), dataclasses.replace(encode_settings, watermark=tmp_path / "nothing.png"))


def test_cover_image_is_not_chosen_as_video(encode: Maker, clip: Maker, tmp_path: Path) -> None:
    cover, covered = tmp_path / "cover.jpg", tmp_path / "covered.mp4"
    clips.write_cached("-f", "lavfi", "-i", "color=green:s=64x64", "-frames:v", "1", cover)
    clips.write_cached(
        *("-i", cover, "-i", clip("640x360", seconds=1, rate=SLOW, source="color=red")),
        *("-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", covered),
    )
    frame = clips.frame_at(encode(covered) / media.PROCESSED, FIRST_SLOW)
    assert is_close(clips.mean_colour(frame, 640, 360), (254, 0, 0))


@pytest.mark.asvs("1.2.5")
def test_command_line_contains_no_player_text(encode_settings: EncodeSettings) -> None:
    video_stream = media.VideoStream(
        index=1,
        codec="h264",
        width=640,
        height=360,
        frame_rate=Fraction(24),
        seconds=12.5,
        pixel_format="yuv420p",
        colours=Colours(1, 1, 1),
    )
    line = command(encode_settings, video_stream)
    before = line[: line.index("in.mp4")]
    assert before[len(before) - before[::-1].index("-f")] == "mov"
    assert line.count("-protocol_whitelist") == 3
    assert line[line.index("-max_pixels") + 1] == "9437184"
    files = [part for part in line if part.endswith((".mp4", ".jpg"))]
    assert files == ["in.mp4", "out.mp4", "poster.jpg", "preview.mp4"]
