"""What is made of honest files: the frame, the length, the streams, the mark, the curtain, the poster, the preview."""

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
FIRST = 60  # of the player's pictures, at 30 a second
SLOW, FIRST_SLOW = "10", 20  # a clip of fewer pictures, where their number is not what is tested
STARTER = """
import sys
from pathlib import Path
from services.worker.sandbox import Limits, start_confined

limits = Limits(cpu_seconds=240, memory_bytes=4 * 2**30, file_bytes=2**30)
program = start_confined(sys.argv[2:], limits, directory=Path(sys.argv[1]), stderr=sys.stderr, offline=True)
program.communicate()
print(program.usage.peak_bytes)
sys.exit(program.returncode)
"""
"""Runs the command that follows the folder, and prints how much memory it took."""


@pytest.fixture
def made(recipe: EncodeSettings, tmp_path: Path) -> Maker:
    """Makes a video of a file as a job does; gives the job's folder."""

    def make(original: Path, recipe: EncodeSettings = recipe) -> Path:
        folder = tmp_path / f"job{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        shutil.copyfile(original, folder / media.ORIGINAL)
        check_container(folder / media.ORIGINAL)
        draft = ReceiptBuilder(release="1.2.3", ffmpeg="ffmpeg version 9")
        transcode(
            folder,
            recipe,
            probe(folder, offline=True, draft=draft),
            seconds=120,
            offline=True,
            report=lambda _: None,
            cancelled=lambda: False,
            draft=draft,
        )
        return folder

    return make


def is_close(seen: tuple[int, ...], wanted: tuple[int, ...], *, tolerance: int = 12) -> bool:
    return all(abs(one - other) <= tolerance for one, other in zip(seen, wanted, strict=True))


def test_a_long_portrait_clip_with_sound_becomes_a_short_landscape_video_without(made: Maker, clip: Maker) -> None:
    folder = made(clip("1080x1920", seconds=45, sound=True, source="color=red"))

    seen = clips.look(folder / media.PROCESSED)
    assert (seen.width, seen.height, seen.shape) == (1280, 720, 1)
    assert (seen.codec, seen.pixel_format, seen.kinds) == ("h264", "yuv420p", ("video",))
    # 30 s of the clip, between 2 s of curtain.
    assert (seen.seconds, seen.frames, seen.rate) == (34, 1020, 30)
    assert seen.faststart
    frame = clips.frame_at(folder / media.PROCESSED, 450)
    assert is_close(clips.colour(frame, 640, 360), (254, 0, 0))
    # 1080x1920 fits as 404x720: the bars are 438 wide on either side.
    assert is_close(clips.colour(frame, 420, 360), BLACK)
    assert is_close(clips.colour(frame, 850, 360), BLACK)
    assert is_close(clips.colour(frame, 446, 360), (254, 0, 0))


def test_a_small_clip_is_scaled_up_to_the_height_of_the_frame(made: Maker, clip: Maker) -> None:
    frame = clips.frame_at(made(clip("320x240", rate=SLOW, source="color=blue")) / media.PROCESSED, FIRST_SLOW + 3)
    # 4:3 in 16:9 is 960 wide: 160 black on either side, nothing above or below.
    assert is_close(clips.colour(frame, 640, 2), (0, 0, 254))
    assert is_close(clips.colour(frame, 640, 710), (0, 0, 254))
    assert is_close(clips.colour(frame, 168, 360), (0, 0, 254))
    assert is_close(clips.colour(frame, 148, 360), BLACK)


def test_a_wide_clip_gets_its_bars_above_and_below(made: Maker, clip: Maker) -> None:
    frame = clips.frame_at(made(clip("1280x360", rate=SLOW, source="color=lime")) / media.PROCESSED, FIRST_SLOW + 3)
    assert is_close(clips.colour(frame, 10, 170), BLACK)
    assert is_close(clips.colour(frame, 10, 190), (0, 254, 0))
    assert is_close(clips.colour(frame, 10, 545), BLACK)


@pytest.mark.parametrize("size", ["641x359", "427x853", "1x1", "17x1001", "3840x16"])
def test_odd_sizes_fill_the_same_frame(made: Maker, clip: Maker, size: str) -> None:
    odd = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")
    seen = clips.look(made(clip(size, seconds=1, rate=SLOW, source="color=white", codec=odd)) / media.PROCESSED)
    assert (seen.width, seen.height, seen.shape, seen.pixel_format) == (1280, 720, 1, "yuv420p")


def test_a_clip_filmed_upright_and_stored_on_its_side_is_turned(made: Maker, clip: Maker, tmp_path: Path) -> None:
    stored = clip("640x360", seconds=1, rate=SLOW, source="color=red")
    turned = tmp_path / "turned.mp4"
    clips.write("-display_rotation", "90", "-i", stored, "-c", "copy", turned)
    frame = clips.frame_at(made(turned) / media.PROCESSED, FIRST_SLOW + 3)
    # 360x640 fits as 405x720.
    assert is_close(clips.colour(frame, 640, 4), (254, 0, 0))
    assert is_close(clips.colour(frame, 420, 360), BLACK)


def test_an_anamorphic_clip_gets_its_true_shape(made: Maker, clip: Maker) -> None:
    # 720x576 with pixels 64:45 wide is 16:9, which fills the frame.
    wide = clip("720x576", seconds=1, rate=SLOW, source="color=red", extra=("-vf", "setsar=64/45"))
    frame = clips.frame_at(made(wide) / media.PROCESSED, FIRST_SLOW + 3)
    assert is_close(clips.colour(frame, 2, 360), (254, 0, 0))
    assert is_close(clips.colour(frame, 1268, 360), (254, 0, 0))


@pytest.mark.parametrize(
    ("rate", "wanted"),
    [("60", Fraction(30)), ("240", Fraction(30)), ("25", Fraction(25)), ("12", Fraction(12)), ("30000/1001", None)],
)
def test_the_frame_rate_is_kept_up_to_thirty(made: Maker, clip: Maker, rate: str, wanted: Fraction | None) -> None:
    seen = clips.look(made(clip("320x240", seconds=1, rate=rate, source="color=red")) / media.PROCESSED)
    assert seen.rate == (wanted or Fraction(rate))


def test_a_variable_frame_rate_becomes_an_even_one(made: Maker, clip: Maker) -> None:
    uneven = clip("320x240", seconds=3, extra=("-vf", "select='lt(n,30)+not(mod(n,7))'", "-fps_mode", "vfr"))
    seen = clips.look(made(uneven) / media.PROCESSED)
    assert seen.rate == 30
    assert 85 <= seen.frames - 120 <= 90


@pytest.mark.parametrize("moving", [True, False], ids=["a picture every thirtieth", "one picture for half a minute"])
def test_a_video_takes_a_quarter_of_an_instances_memory(
    clip: Maker, recipe: EncodeSettings, tmp_path: Path, moving: bool
) -> None:
    original = clip("320x240", seconds=31, source="color=red")
    if not moving:
        still = tmp_path / "still.mp4"
        clips.write("-i", original, "-vf", r"select=eq(n\,0)+gte(t\,30)", "-fps_mode", "vfr", still)
        original = still
    folder = tmp_path / "job"
    folder.mkdir()
    shutil.copyfile(original, folder / media.ORIGINAL)
    picture = probe(folder, offline=True, draft=ReceiptBuilder(release="1.2.3", ffmpeg="ffmpeg version 9"))
    # From a process of its own: a program starts with the peak of its parent, which here ran a thousand tests.
    starter = [sys.executable, "-c", STARTER, folder, *command(recipe, picture)]
    peak_bytes = int(subprocess.run(starter, check=True, capture_output=True).stdout)
    assert clips.look(folder / media.PROCESSED).seconds == pytest.approx(34, abs=0.1)
    assert peak_bytes < 512 * 2**20


def test_never_more_than_the_limit_is_kept_whatever_the_rate(made: Maker, clip: Maker, recipe: EncodeSettings) -> None:
    short = dataclasses.replace(recipe, max_seconds=2)
    for rate in ("24", "25", "30000/1001", "50", "17"):
        seen = clips.look(made(clip("320x240", seconds=3, rate=rate, source="color=red"), short) / media.PROCESSED)
        assert 5.8 <= seen.seconds <= 6, rate


def test_a_clip_whose_pictures_start_late_starts_at_once(made: Maker, clip: Maker, tmp_path: Path) -> None:
    late = tmp_path / "late.mp4"
    original = clip("320x240", seconds=2, rate=SLOW, sound=True)
    clips.write("-i", original, "-itsoffset", "0.7", "-i", original, "-map", "0:a", "-map", "1:v", "-c", "copy", late)
    seen = clips.look(made(late) / media.PROCESSED)
    assert 5.9 <= seen.seconds <= 6.1


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
def test_what_phones_and_cameras_write_is_accepted(
    made: Maker, clip: Maker, ending: str, codec: tuple[str, ...]
) -> None:
    seen = clips.look(made(clip("352x288", seconds=1, rate=SLOW, ending=ending, codec=codec)) / media.PROCESSED)
    assert (seen.codec, seen.pixel_format, seen.width) == ("h264", "yuv420p", 1280)


def test_where_a_clip_was_filmed_is_not_published(made: Maker, clip: Maker) -> None:
    tags = {"location": "+03.4516-076.5320/", "title": "secret title", "comment": "secret comment"}
    extra = tuple(part for name, value in tags.items() for part in ("-metadata", f"{name}={value}"))
    folder = made(clip("320x240", seconds=1, rate=SLOW, extra=(*extra, "-movflags", "use_metadata_tags")))
    for name in (media.PROCESSED, media.POSTER, media.PREVIEW):
        content = (folder / name).read_bytes()
        assert b"secret" not in content
        assert b"076.53" not in content


def test_the_mark_is_in_the_top_right_corner_of_every_video(
    made: Maker, clip: Maker, recipe: EncodeSettings, tmp_path: Path
) -> None:
    grey = clip("1280x720", seconds=2, rate=SLOW, source="color=gray")
    unmarked = tmp_path / "transparent.png"
    clips.write("-f", "lavfi", "-i", "color=c=black@0:s=258x55,format=rgba", "-frames:v", "1", unmarked)
    with_mark = made(grey)
    without = made(grey, dataclasses.replace(recipe, watermark=unmarked))
    for name, index in ((media.PROCESSED, FIRST_SLOW), (media.PROCESSED, FIRST_SLOW + 19), (media.POSTER, 0)):
        marked, plain = clips.frame_at(with_mark / name, index), clips.frame_at(without / name, index)
        # The mark is 258x55, 10 from the edges; its plate is dark, its letters are light.
        for x, y in ((1016, 14), (1100, 14), (1256, 50)):
            assert not is_close(clips.colour(marked, x, y), clips.colour(plain, x, y), tolerance=40), (name, x, y)
        for x, y in ((640, 360), (1000, 30), (1271, 30), (1100, 70), (10, 10)):
            assert is_close(clips.colour(marked, x, y), clips.colour(plain, x, y), tolerance=4), (name, x, y)


@pytest.mark.parametrize(("seconds", "shows"), [(3, (0, 0, 254)), (0.6, (254, 0, 0))])
def test_the_poster_shows_the_first_second_or_the_beginning_of_a_shorter_clip(
    made: Maker, tmp_path: Path, seconds: float, shows: tuple[int, int, int]
) -> None:
    original = tmp_path / "two-colours.mp4"
    colours = "color=red:s=640x360:r=10:d=0.8[a];color=blue:s=640x360:r=10:d=2.2[b];[a][b]concat,format=yuv420p"
    clips.write("-filter_complex", colours, "-t", str(seconds), "-preset", "ultrafast", original)
    poster = made(original) / media.POSTER
    assert poster.read_bytes().startswith(b"\xff\xd8\xff")
    frame = clips.frame_at(poster)
    assert (frame.width, frame.height) == (1280, 720)
    assert is_close(clips.colour(frame, 640, 360), shows)


def test_the_poster_has_the_colours_of_the_video(made: Maker, clip: Maker) -> None:
    folder = made(clip("1280x720", seconds=2, rate=SLOW, source="color=lime"))
    poster = clips.colour(clips.frame_at(folder / media.POSTER), 640, 360)
    assert is_close(poster, clips.colour(clips.frame_at(folder / media.PROCESSED, FIRST_SLOW + 10), 640, 360))


def test_the_preview_is_small_short_silent_and_shows_the_clip_at_once(made: Maker, clip: Maker) -> None:
    folder = made(clip("1280x720", seconds=6, sound=True, source="color=red"))
    seen = clips.look(folder / media.PREVIEW)
    assert (seen.width, seen.height, seen.codec, seen.pixel_format) == (320, 180, "h264", "yuv420p")
    assert (seen.kinds, seen.rate, seen.seconds, seen.faststart) == (("video",), 15, 4, True)
    assert is_close(clips.colour(clips.frame_at(folder / media.PREVIEW), 160, 90), (254, 0, 0))
    assert (folder / media.PREVIEW).stat().st_size < 100_000


def test_a_slow_or_short_clip_has_a_preview_of_its_own_rate_and_length(made: Maker, clip: Maker) -> None:
    seen = clips.look(made(clip("320x240", seconds=1, rate="12")) / media.PREVIEW)
    assert (seen.rate, seen.frames) == (12, 12)


def test_the_curtain_is_seen_before_the_clip_and_after_it(made: Maker, clip: Maker, recipe: EncodeSettings) -> None:
    video = made(clip("1280x720", seconds=1, source="color=red")) / media.PROCESSED
    curtain = clips.frame_at(recipe.curtain)
    ball, letter, plain = (182, 308), (640, 390), (1200, 100)
    for index in (0, FIRST - 1, FIRST + 30, 2 * FIRST + 29):
        frame = clips.frame_at(video, index)
        for x, y in (ball, letter, plain):
            seen, wanted = (clips.colour(picture, x, y, size=4) for picture in (frame, curtain))
            assert is_close(seen, wanted, tolerance=16), (index, x, y)
    for index in (FIRST, FIRST + 29):
        assert is_close(clips.colour(clips.frame_at(video, index), 640, 360), (254, 0, 0))


@pytest.mark.parametrize("broken", ["watermark", "curtain"])
def test_without_the_mark_or_the_curtain_there_is_no_video(
    made: Maker, clip: Maker, recipe: EncodeSettings, tmp_path: Path, broken: str
) -> None:
    cut = tmp_path / "cut.png"
    cut.write_bytes(getattr(recipe, broken).read_bytes()[:1500])
    with pytest.raises((InvalidMedia, TransientError)):
        made(clip("320x240", seconds=1), dataclasses.replace(recipe, **{broken: cut}))


def test_a_mark_that_is_gone_is_not_the_players_fault(
    made: Maker, clip: Maker, recipe: EncodeSettings, tmp_path: Path
) -> None:
    with pytest.raises(TransientError, match="No such file"):
        made(clip("320x240", seconds=1), dataclasses.replace(recipe, watermark=tmp_path / "nothing.png"))


def test_a_cover_picture_is_not_taken_for_the_video(made: Maker, clip: Maker, tmp_path: Path) -> None:
    cover, covered = tmp_path / "cover.jpg", tmp_path / "covered.mp4"
    clips.write("-f", "lavfi", "-i", "color=green:s=64x64", "-frames:v", "1", cover)
    clips.write(
        *("-i", cover, "-i", clip("640x360", seconds=1, rate=SLOW, source="color=red")),
        *("-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", covered),
    )
    frame = clips.frame_at(made(covered) / media.PROCESSED, FIRST_SLOW)
    assert is_close(clips.colour(frame, 640, 360), (254, 0, 0))


@pytest.mark.asvs("1.2.5")
def test_nothing_of_the_players_is_on_the_command_line(recipe: EncodeSettings) -> None:
    picture = media.VideoStream(
        stream=1,
        codec="h264",
        width=640,
        height=360,
        frame_rate=Fraction(24),
        seconds=12.5,
        pixel_format="yuv420p",
        colours=Colours(1, 1, 1),
    )
    line = command(recipe, picture)
    before = line[: line.index("in.mp4")]
    assert before[len(before) - before[::-1].index("-f")] == "mov"
    assert line.count("-protocol_whitelist") == 3
    assert line[line.index("-max_pixels") + 1] == "9437184"
    files = [part for part in line if part.endswith((".mp4", ".jpg"))]
    assert files == ["in.mp4", "out.mp4", "poster.jpg", "preview.mp4"]
