"""Small files that ask for gigabytes: refused by their counts, before any program makes room for them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from attack_harness import Arena
from forge import box, content_of, edited, table

from services.videos.failures import FailureReason
from services.worker.errors import InvalidMedia
from services.worker.mp4_index_guard import MOST_SAMPLES, check_index
from tests.integration.services.worker import clips

STBL = "moov/trak/mdia/minf/stbl"
Forge = Callable[[bytes], bytes]
MANY = 50_000_000


def repeated(base: bytes, count: int) -> bytes:
    """A clip of so many samples of one byte, whose index is as short as that of one."""
    forged = edited(base, f"{STBL}/stsz", lambda _: table(b"stsz", count, before=struct.pack(">I", 1)))
    forged = edited(forged, f"{STBL}/stsc", lambda _: table(b"stsc", 1, struct.pack(">III", 1, count, 1)))
    forged = edited(forged, f"{STBL}/stts", lambda _: table(b"stts", 1, struct.pack(">II", count, 1)))
    first = content_of(base, f"{STBL}/stco")[8:12]
    return edited(forged, f"{STBL}/stco", lambda _: table(b"stco", 1, first))


def edits(base: bytes, count: int) -> bytes:
    once = struct.pack(">IiI", 2000, 0, 0x10000)
    return edited(base, "moov/trak/edts/elst", lambda _: table(b"elst", count, once * count))


def in_pieces(base: bytes, count: int) -> bytes:
    run = box(b"trun", struct.pack(">II", 0, count))
    piece = box(b"moof", box(b"mfhd", bytes(8)) + box(b"traf", table(b"tfhd", 1) + run))
    defaults = struct.pack(">IIII", 1, 512, 100, 0)
    return edited(base, "moov", lambda inner: box(b"moov", inner + box(b"mvex", table(b"trex", 1, defaults)))) + piece


def packed(base: bytes) -> bytes:
    packer = zlib.compressobj(9)
    one = [packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    # The checksum at the end does not fit; by then all is unpacked.
    content = struct.pack(">I", 3000 * 2**20) + one[0] + one[1] * 2999 + packer.flush()
    return edited(base, "moov", lambda _: box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", content))))


def with_long_size(base: bytes) -> bytes:
    """The table's size stands behind its name, which moves the count."""
    content = content_of(repeated(base, MANY), f"{STBL}/stsz")
    long = struct.pack(">I4sQ", 1, b"stsz", 16 + len(content)) + content
    return edited(repeated(base, MANY), f"{STBL}/stsz", lambda _: long)


def in_free_space(base: bytes) -> bytes:
    """libav takes free space that begins with a movie's header for the index."""
    return edited(repeated(base, MANY), "moov", lambda inner: box(b"free", inner)) + box(b"moov")


BOMBS: dict[str, Forge] = {
    "one sample, again and again": lambda base: repeated(base, MANY),
    "so many that they pass for none": lambda base: repeated(base, 2**32 - 1),
    "the same with a long size": with_long_size,
    "the same in free space": in_free_space,
    "edits that play it again and again": lambda base: edits(base, 1_000_000),
    "pieces without bytes": lambda base: in_pieces(base, MANY),
    "an index that unpacks to gigabytes": packed,
    "a million tables": lambda base: base + box(b"free", b"\0\0\0\x14stsz" * 1_000_000),
    "sixteen million true sizes": lambda base: edited(
        base, f"{STBL}/stsz", lambda _: table(b"stsz", 2**24, bytes(2**26), before=bytes(4))
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_it_is_refused_before_any_program_reads_it(arena: Arena, base: bytes, name: str) -> None:
    outcome = arena.attack(BOMBS[name](base))
    assert (outcome.reason, outcome.programs) == ("unsupported_format", []), outcome.detail


@pytest.mark.parametrize("forge", [repeated, edits], ids=["samples", "edits"])
def test_as_many_as_are_allowed_stay_within_an_instances_memory(
    arena: Arena, base: bytes, forge: Callable[[bytes, int], bytes]
) -> None:
    count = MOST_SAMPLES if forge is repeated else MOST_SAMPLES // 30
    outcome = arena.attack(forge(base, count))
    # What becomes of it is one thing; the arena looks at what it cost.
    assert len(outcome.programs) >= 1


def test_one_more_is_too_many(base: bytes, tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(repeated(base, MOST_SAMPLES))
    check_index(tmp_path / "in.mp4")
    (tmp_path / "in.mp4").write_bytes(repeated(base, MOST_SAMPLES + 1))
    with pytest.raises(InvalidMedia, match=f"tells of {MOST_SAMPLES + 1} samples and 1 edits; allowed") as refused:
        check_index(tmp_path / "in.mp4")
    assert refused.value.reason is FailureReason.UNSUPPORTED_FORMAT


def test_a_cameras_uncompressed_sound_is_no_bomb(arena: Arena, tmp_path: Path) -> None:
    """Each 48,000th of a second is a sample."""
    clips.ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25", "-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "40"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16be", tmp_path / "camera.mov"),
    )
    outcome = arena.attack(tmp_path / "camera.mov")
    assert outcome.reason is None
    assert outcome.receipt.found is not None and outcome.receipt.found.sound
