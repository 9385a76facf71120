"""Clips whose streams are the attack: bombs, sizes that change, codecs in codecs, and text of the player's."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path

import pytest
from attack_harness import Arena
from forge import box, content_of, edited, table

from tests.integration.services.worker import clips

STBL = "moov/trak/mdia/minf/stbl"


def test_a_small_file_of_enormous_pictures_is_refused_before_they_are_decoded(arena: Arena) -> None:
    """A black picture costs a few hundred bytes to store, and 100 MB to decode."""
    bomb = arena.scratch / "bomb.mp4"
    clips.make(bomb, "8192x8192", seconds=0.6, rate="5", source="color=black")
    assert bomb.stat().st_size < 200_000
    outcome = arena.attack(bomb)
    assert outcome.reason == "too_large_picture"
    assert len(outcome.programs) == 1


def test_enormous_pictures_after_a_small_one_are_not_decoded(arena: Arena, tmp_path: Path) -> None:
    """The index and the first picture are small; the stream itself says later that it grows."""
    for name, size, count in (("small", "64x64", 20), ("large", "8192x4096", 3)):
        clips.ffmpeg(
            *("-f", "lavfi", "-i", f"color=s={size}:r=10", "-frames:v", str(count), "-c:v", "libx264"),
            *("-preset", "ultrafast", "-bf", "0", tmp_path / f"{name}.h264"),
        )
    (tmp_path / "both.h264").write_bytes(
        b"".join((tmp_path / f"{name}.h264").read_bytes() for name in ("small", "large"))
    )
    clips.ffmpeg("-r", "10", "-f", "h264", "-i", tmp_path / "both.h264", "-c", "copy", tmp_path / "grows.mp4")
    outcome = arena.attack(tmp_path / "grows.mp4")
    (encoder,) = [program for program in outcome.programs if program.name.startswith("ffmpeg")]
    # A decoded picture of that size alone is 50 MB, and a decoder of two threads holds several.
    assert outcome.reason is None
    assert encoder.usage.peak_bytes < 700 * 2**20


def test_pictures_that_change_their_size_are_refused(arena: Arena, tmp_path: Path) -> None:
    for name, size in (("wide", "640x360"), ("tall", "360x640")):
        clips.ffmpeg(
            *("-f", "lavfi", "-i", f"color=red:s={size}:r=10", "-frames:v", "10", "-c:v", "libx264"),
            *("-preset", "ultrafast", "-bf", "0", tmp_path / f"{name}.h264"),
        )
    joined = b"".join((tmp_path / f"{name}.h264").read_bytes() for name in ("wide", "tall", "wide"))
    (tmp_path / "both.h264").write_bytes(joined)
    clips.ffmpeg("-r", "10", "-f", "h264", "-i", tmp_path / "both.h264", "-c", "copy", tmp_path / "turns.mp4")
    # ffmpeg begins its filters anew, and with them the clip's time.
    assert arena.attack(tmp_path / "turns.mp4").reason == "damaged"


def test_a_million_tiny_pictures_are_given_up_at_the_limit(arena: Arena, base: bytes) -> None:
    """Thirty seconds that hold 900,000 pictures: 30,000 a second."""
    tiny = arena.scratch / "tiny.mp4"
    clips.make(tiny, "16x16", seconds=10, rate="30")
    content = tiny.read_bytes()
    sizes, (offset,) = (
        content_of(content, f"{STBL}/stsz")[12:],
        struct.unpack(">I", content_of(content, f"{STBL}/stco")[8:12]),
    )
    first, second = struct.unpack(">II", sizes[:8])
    count = 900_000
    # Every picture is the same bytes of the file: the key picture, again and again.
    places = table(b"co64", count, struct.pack(">Q", offset) * count)
    content = edited(content, f"{STBL}/stsz", lambda _: table(b"stsz", count, before=struct.pack(">I", first)))
    content = edited(content, f"{STBL}/stco", lambda _: places)
    content = edited(content, f"{STBL}/stsc", lambda _: table(b"stsc", 1, struct.pack(">III", 1, 1, 1)))
    content = edited(content, f"{STBL}/stss", lambda _: b"")
    content = edited(content, f"{STBL}/stts", lambda _: table(b"stts", 1, struct.pack(">II", count, 1)))
    hurried = dataclasses.replace(arena, bench=dataclasses.replace(arena.bench, max_seconds=4))
    outcome = hurried.attack(content)
    assert outcome.reason in ("took_too_long", "damaged"), outcome.detail
    assert second > 0


@pytest.mark.parametrize("size", ["16384x1", "1x16384", "2x8192"])
def test_pictures_like_a_thread_are_shown_or_refused(arena: Arena, size: str) -> None:
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")
    thread = clips.make(arena.scratch / "thread.mp4", size, seconds=0.6, rate="5", source="color=red", codec=coded)
    assert arena.attack(thread).reason in (None, "damaged")


def test_a_cover_picture_alone_is_not_a_video(arena: Arena, tmp_path: Path) -> None:
    clips.ffmpeg("-f", "lavfi", "-i", "color=green:s=64x64", "-frames:v", "1", tmp_path / "cover.jpg")
    clips.ffmpeg(
        *("-f", "lavfi", "-i", "sine=duration=2", "-i", tmp_path / "cover.jpg", "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-disposition:v:0", "attached_pic", tmp_path / "song.mp4"),
    )
    assert arena.attack(tmp_path / "song.mp4").reason == "not_a_video"


def test_an_encrypted_clip_is_damaged(arena: Arena, tmp_path: Path, shelf: Path) -> None:
    keys = (
        "-encryption_key",
        "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid",
        "a7e61c373e219033c21091fa607bf3b8",
    )
    clips.ffmpeg(
        *("-i", shelf / "base.mp4", "-c", "copy", "-encryption_scheme", "cenc-aes-ctr", *keys, tmp_path / "locked.mp4")
    )
    assert arena.attack(tmp_path / "locked.mp4").reason == "damaged"


def test_photographs_with_endless_descriptions_are_read_as_pictures(arena: Arena, tmp_path: Path) -> None:
    """EXIF whose directories point at themselves, in every picture of a camera's MJPEG."""
    clips.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240", "-frames:v", "1", tmp_path / "plain.jpg")
    plain = (tmp_path / "plain.jpg").read_bytes()
    # One directory of 4000 entries that are all "EXIF is over there": here. The next directory is this one.
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + struct.pack("<H", 4000) + entry * 4000 + struct.pack("<I", 8)
    for number in range(10):
        (tmp_path / f"{number}.jpg").write_bytes(
            plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
        )
    clips.ffmpeg("-f", "image2", "-r", "5", "-i", tmp_path / "%d.jpg", "-c", "copy", tmp_path / "exif.mov")
    outcome = arena.attack(tmp_path / "exif.mov")
    assert outcome.reason is None
    assert all(program.usage.cpu_seconds < 20 for program in outcome.programs)


def test_a_clip_that_is_a_web_page_too_is_only_a_clip(arena: Arena, base: bytes) -> None:
    page = b"<!doctype html><script>fetch('" + arena.url.encode() + b"')</script>"
    outcome = arena.attack(base[:32] + box(b"free", page) + base[32:] + box(b"skip", page))
    # Moved bytes are not where the index says; the clip behind the last box is untouched.
    assert outcome.reason == "damaged"
    outcome = arena.attack(base + box(b"skip", page) + box(b"udta", page))
    assert outcome.reason is None
    for content in outcome.made.values():
        assert b"<script" not in content


HOSTILE_TEXT = "$(touch pwned);`touch pwned`|touch pwned -y -i /etc/passwd %d \x1b]0;pwned\x07"


def test_what_the_player_wrote_reaches_no_program(arena: Arena, shelf: Path, tmp_path: Path) -> None:
    title = HOSTILE_TEXT[:100]
    clips.ffmpeg(
        *(
            "-i",
            shelf / "base.mp4",
            "-c",
            "copy",
            "-metadata",
            f"title={HOSTILE_TEXT}",
            "-metadata",
            "comment=' -f null",
        ),
        tmp_path / "titled.mp4",
    )
    outcome = arena.attack(tmp_path / "titled.mp4", title=title)
    assert outcome.reason is None
    assert outcome.receipt.command is not None
    said = " ".join(outcome.receipt.command)
    assert "pwned" not in said and "passwd" not in said
    assert not list(arena.folder.rglob("pwned")) and not Path("pwned").exists()
    for content in outcome.made.values():
        assert b"pwned" not in content


def test_descriptions_of_megabytes_are_left_out(arena: Arena, base: bytes) -> None:
    texts = b"".join(
        box(kind, box(b"data", struct.pack(">II", 1, 0) + (b"\x00\x01\x1b\xff" * 2**20)))
        for kind in (b"\xa9nam", b"\xa9cmt", b"\xa9lyr")
    )
    handler = table(b"hdlr", 0, b"mdirappl" + bytes(9))
    described = edited(
        base,
        "moov",
        lambda inner: box(b"moov", inner + box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", texts)))),
    )
    outcome = arena.attack(described)
    assert outcome.reason is None
    assert sum(map(len, outcome.made.values())) < 2**20


def test_the_pictures_of_an_honest_clip_stay_the_neighbours_own(arena: Arena) -> None:
    """Nothing of a job is left for the next one: the same bench, one after the other."""
    outcome = arena.attack(arena.honest)
    assert outcome.reason is None
    assert [program.name.split("-")[0].rstrip("0123456789.") for program in outcome.programs] == ["python", "ffmpeg"]
