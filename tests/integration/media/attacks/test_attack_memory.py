"""Small files that demand gigabytes of memory: refused by their counts, before any program reads them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from attack_harness import AttackHarness
from forge import box, content_of, replace_box, table

from services.videos.failures import FailureReason
from services.worker.errors import InvalidMedia
from services.worker.mp4_index_guard import MAX_SAMPLES, check_index
from tests.integration.services.worker import clips

STBL = "moov/trak/mdia/minf/stbl"
Forge = Callable[[bytes], bytes]
MANY = 50_000_000


def repeated(base: bytes, count: int) -> bytes:
    """Build a clip of ``count`` one-byte samples with a minimal index."""
    forged = replace_box(base, f"{STBL}/stsz", lambda _: table(b"stsz", count, before=struct.pack(">I", 1)))
    forged = replace_box(forged, f"{STBL}/stsc", lambda _: table(b"stsc", 1, struct.pack(">III", 1, count, 1)))
    forged = replace_box(forged, f"{STBL}/stts", lambda _: table(b"stts", 1, struct.pack(">II", count, 1)))
    first = content_of(base, f"{STBL}/stco")[8:12]
    return replace_box(forged, f"{STBL}/stco", lambda _: table(b"stco", 1, first))


def edits(base: bytes, count: int) -> bytes:
    once = struct.pack(">IiI", 2000, 0, 0x10000)
    return replace_box(base, "moov/trak/edts/elst", lambda _: table(b"elst", count, once * count))


def fragmented(base: bytes, count: int) -> bytes:
    run = box(b"trun", struct.pack(">II", 0, count))
    fragment = box(b"moof", box(b"mfhd", bytes(8)) + box(b"traf", table(b"tfhd", 1) + run))
    defaults = struct.pack(">IIII", 1, 512, 100, 0)
    return (
        replace_box(base, "moov", lambda inner: box(b"moov", inner + box(b"mvex", table(b"trex", 1, defaults))))
        + fragment
    )


def compressed(base: bytes) -> bytes:
    compressor = zlib.compressobj(9)
    one = [compressor.compress(bytes(2**20)) + compressor.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    # The checksum at the end is wrong, but is only checked after decompression.
    content = struct.pack(">I", 3000 * 2**20) + one[0] + one[1] * 2999 + compressor.flush()
    return replace_box(
        base, "moov", lambda _: box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", content)))
    )


def with_long_size(base: bytes) -> bytes:
    """Build a table with a 64-bit size, which shifts the count."""
    content = content_of(repeated(base, MANY), f"{STBL}/stsz")
    long = struct.pack(">I4sQ", 1, b"stsz", 16 + len(content)) + content
    return replace_box(repeated(base, MANY), f"{STBL}/stsz", lambda _: long)


def in_free_space(base: bytes) -> bytes:
    """Hide the index in a free box; libav reads one that starts with a movie header."""
    return replace_box(repeated(base, MANY), "moov", lambda inner: box(b"free", inner)) + box(b"moov")


BOMBS: dict[str, Forge] = {
    "one sample repeated": lambda base: repeated(base, MANY),
    "count that overflows to none": lambda base: repeated(base, 2**32 - 1),
    "repeated sample, 64-bit size": with_long_size,
    "repeated sample in a free box": in_free_space,
    "repeated edits": lambda base: edits(base, 1_000_000),
    "fragments without data": lambda base: fragmented(base, MANY),
    "compressed index of gigabytes": compressed,
    "a million tables": lambda base: base + box(b"free", b"\0\0\0\x14stsz" * 1_000_000),
    "sixteen million real sizes": lambda base: replace_box(
        base, f"{STBL}/stsz", lambda _: table(b"stsz", 2**24, bytes(2**26), before=bytes(4))
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_memory_bomb_is_refused_before_any_program_runs(harness: AttackHarness, base: bytes, name: str) -> None:
    outcome = harness.attack(BOMBS[name](base))
    assert (outcome.reason, outcome.programs) == ("unsupported_format", []), outcome.detail


@pytest.mark.parametrize("forge", [repeated, edits], ids=["samples", "edits"])
def test_maximum_index_fits_into_memory(
    harness: AttackHarness, base: bytes, forge: Callable[[bytes, int], bytes]
) -> None:
    count = MAX_SAMPLES if forge is repeated else MAX_SAMPLES // 30
    outcome = harness.attack(forge(base, count))
    # Any outcome is fine; the harness checks the memory used.
    assert len(outcome.programs) >= 1


def test_one_sample_over_the_maximum_is_refused(base: bytes, tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(repeated(base, MAX_SAMPLES))
    check_index(tmp_path / "in.mp4")
    (tmp_path / "in.mp4").write_bytes(repeated(base, MAX_SAMPLES + 1))
    with pytest.raises(InvalidMedia, match=f"declares {MAX_SAMPLES + 1} samples and 1 edits; their product") as refused:
        check_index(tmp_path / "in.mp4")
    assert refused.value.reason is FailureReason.UNSUPPORTED_FORMAT


def test_uncompressed_sound_is_accepted(harness: AttackHarness, tmp_path: Path) -> None:
    """Uncompressed 48 kHz sound has 48,000 samples per second."""
    clips.run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25", "-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "40"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16be", tmp_path / "camera.mov"),
    )
    outcome = harness.attack(tmp_path / "camera.mov")
    assert outcome.reason is None
    assert outcome.receipt.found is not None and outcome.receipt.found.sound
