"""Clips with malicious streams: decompression bombs, changing sizes, nested codecs and hostile text."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path

import pytest
from attack_harness import AttackHarness
from forge import box, content_of, replace_box, table

from tests.integration.services.worker import clips

STBL = "moov/trak/mdia/minf/stbl"


def test_huge_frames_are_refused_before_decoding(harness: AttackHarness) -> None:
    """A black frame takes a few hundred bytes to store, and 100 MB to decode."""
    bomb = harness.scratch / "bomb.mp4"
    clips.create_clip(bomb, "8192x8192", seconds=0.6, rate="5", source="color=black")
    assert bomb.stat().st_size < 200_000
    outcome = harness.attack(bomb)
    assert outcome.reason == "too_large_picture"
    assert len(outcome.programs) == 1


def test_frames_that_grow_later_are_not_decoded(harness: AttackHarness, tmp_path: Path) -> None:
    """The index and the first frames are small; the stream grows later."""
    for name, size, count in (("small", "64x64", 20), ("large", "8192x4096", 3)):
        clips.run_ffmpeg(
            *("-f", "lavfi", "-i", f"color=s={size}:r=10", "-frames:v", str(count), "-c:v", "libx264"),
            *("-preset", "ultrafast", "-bf", "0", tmp_path / f"{name}.h264"),
        )
    (tmp_path / "both.h264").write_bytes(
        b"".join((tmp_path / f"{name}.h264").read_bytes() for name in ("small", "large"))
    )
    clips.run_ffmpeg("-r", "10", "-f", "h264", "-i", tmp_path / "both.h264", "-c", "copy", tmp_path / "grows.mp4")
    outcome = harness.attack(tmp_path / "grows.mp4")
    (encoder,) = [program for program in outcome.programs if program.name.startswith("ffmpeg")]
    # A decoded frame of that size takes 50 MB, and a decoder with two threads holds several.
    assert outcome.reason is None
    assert encoder.usage.peak_bytes < 700 * 2**20


def test_changing_frame_sizes_are_refused(harness: AttackHarness, tmp_path: Path) -> None:
    for name, size in (("wide", "640x360"), ("tall", "360x640")):
        clips.run_ffmpeg(
            *("-f", "lavfi", "-i", f"color=red:s={size}:r=10", "-frames:v", "10", "-c:v", "libx264"),
            *("-preset", "ultrafast", "-bf", "0", tmp_path / f"{name}.h264"),
        )
    joined = b"".join((tmp_path / f"{name}.h264").read_bytes() for name in ("wide", "tall", "wide"))
    (tmp_path / "both.h264").write_bytes(joined)
    clips.run_ffmpeg("-r", "10", "-f", "h264", "-i", tmp_path / "both.h264", "-c", "copy", tmp_path / "turns.mp4")
    # ffmpeg restarts its filters, which resets the clip's time.
    assert harness.attack(tmp_path / "turns.mp4").reason == "damaged"


def test_million_tiny_frames_hit_the_time_limit(harness: AttackHarness, base: bytes) -> None:
    """Thirty seconds with 900,000 frames: 30,000 per second."""
    tiny = harness.scratch / "tiny.mp4"
    clips.create_clip(tiny, "16x16", seconds=10, rate="30")
    content = tiny.read_bytes()
    sizes, (offset,) = (
        content_of(content, f"{STBL}/stsz")[12:],
        struct.unpack(">I", content_of(content, f"{STBL}/stco")[8:12]),
    )
    first, second = struct.unpack(">II", sizes[:8])
    count = 900_000
    # Every frame is the same bytes of the file: the key frame.
    chunk_offsets = table(b"co64", count, struct.pack(">Q", offset) * count)
    content = replace_box(content, f"{STBL}/stsz", lambda _: table(b"stsz", count, before=struct.pack(">I", first)))
    content = replace_box(content, f"{STBL}/stco", lambda _: chunk_offsets)
    content = replace_box(content, f"{STBL}/stsc", lambda _: table(b"stsc", 1, struct.pack(">III", 1, 1, 1)))
    content = replace_box(content, f"{STBL}/stss", lambda _: b"")
    content = replace_box(content, f"{STBL}/stts", lambda _: table(b"stts", 1, struct.pack(">II", count, 1)))
    impatient = dataclasses.replace(harness, context=dataclasses.replace(harness.context, max_seconds=4))
    outcome = impatient.attack(content)
    assert outcome.reason in ("took_too_long", "damaged"), outcome.detail
    assert second > 0


@pytest.mark.parametrize("size", ["16384x1", "1x16384", "2x8192"])
def test_one_pixel_wide_frames_are_harmless(harness: AttackHarness, size: str) -> None:
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")
    thin = clips.create_clip(harness.scratch / "thin.mp4", size, seconds=0.6, rate="5", source="color=red", codec=coded)
    assert harness.attack(thin).reason in (None, "damaged")


def test_cover_image_alone_is_not_a_video(harness: AttackHarness, tmp_path: Path) -> None:
    clips.run_ffmpeg("-f", "lavfi", "-i", "color=green:s=64x64", "-frames:v", "1", tmp_path / "cover.jpg")
    clips.run_ffmpeg(
        *("-f", "lavfi", "-i", "sine=duration=2", "-i", tmp_path / "cover.jpg", "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-disposition:v:0", "attached_pic", tmp_path / "song.mp4"),
    )
    assert harness.attack(tmp_path / "song.mp4").reason == "not_a_video"


def test_encrypted_clip_is_damaged(harness: AttackHarness, tmp_path: Path, shelf: Path) -> None:
    keys = (
        "-encryption_key",
        "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid",
        "a7e61c373e219033c21091fa607bf3b8",
    )
    clips.run_ffmpeg(
        *("-i", shelf / "base.mp4", "-c", "copy", "-encryption_scheme", "cenc-aes-ctr", *keys, tmp_path / "locked.mp4")
    )
    assert harness.attack(tmp_path / "locked.mp4").reason == "damaged"


def test_recursive_exif_is_harmless(harness: AttackHarness, tmp_path: Path) -> None:
    """EXIF with self-referencing directories, in every frame of an MJPEG clip."""
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240", "-frames:v", "1", tmp_path / "plain.jpg")
    plain = (tmp_path / "plain.jpg").read_bytes()
    # A directory of 4000 EXIF pointers to itself, followed by itself.
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + struct.pack("<H", 4000) + entry * 4000 + struct.pack("<I", 8)
    for number in range(10):
        (tmp_path / f"{number}.jpg").write_bytes(
            plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
        )
    clips.run_ffmpeg("-f", "image2", "-r", "5", "-i", tmp_path / "%d.jpg", "-c", "copy", tmp_path / "exif.mov")
    outcome = harness.attack(tmp_path / "exif.mov")
    assert outcome.reason is None
    assert all(program.usage.cpu_seconds < 20 for program in outcome.programs)


def test_embedded_web_page_is_not_published(harness: AttackHarness, base: bytes) -> None:
    page = b"<!doctype html><script>fetch('" + harness.url.encode() + b"')</script>"
    outcome = harness.attack(base[:32] + box(b"free", page) + base[32:] + box(b"skip", page))
    # Inserting bytes breaks the index's offsets; appending does not.
    assert outcome.reason == "damaged"
    outcome = harness.attack(base + box(b"skip", page) + box(b"udta", page))
    assert outcome.reason is None
    for content in outcome.outputs.values():
        assert b"<script" not in content


HOSTILE_TEXT = "$(touch pwned);`touch pwned`|touch pwned -y -i /etc/passwd %d \x1b]0;pwned\x07"


def test_player_text_reaches_no_program(harness: AttackHarness, shelf: Path, tmp_path: Path) -> None:
    title = HOSTILE_TEXT[:100]
    clips.run_ffmpeg(
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
    outcome = harness.attack(tmp_path / "titled.mp4", title=title)
    assert outcome.reason is None
    assert outcome.receipt.command is not None
    command_line = " ".join(outcome.receipt.command)
    assert "pwned" not in command_line and "passwd" not in command_line
    assert not list(harness.folder.rglob("pwned")) and not Path("pwned").exists()
    for content in outcome.outputs.values():
        assert b"pwned" not in content


def test_megabytes_of_metadata_are_left_out(harness: AttackHarness, base: bytes) -> None:
    texts = b"".join(
        box(kind, box(b"data", struct.pack(">II", 1, 0) + (b"\x00\x01\x1b\xff" * 2**20)))
        for kind in (b"\xa9nam", b"\xa9cmt", b"\xa9lyr")
    )
    handler = table(b"hdlr", 0, b"mdirappl" + bytes(9))
    with_texts = replace_box(
        base,
        "moov",
        lambda inner: box(b"moov", inner + box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", texts)))),
    )
    outcome = harness.attack(with_texts)
    assert outcome.reason is None
    assert sum(map(len, outcome.outputs.values())) < 2**20


def test_valid_clip_shows_nothing_of_other_jobs(harness: AttackHarness) -> None:
    """Jobs that share a context leave nothing for the next one."""
    outcome = harness.attack(harness.valid_clip)
    assert outcome.reason is None
    assert [program.name.split("-")[0].rstrip("0123456789.") for program in outcome.programs] == ["python", "ffmpeg"]
