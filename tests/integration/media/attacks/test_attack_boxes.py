"""Clips with a forged index: counts, sizes, depths and times that no camera writes."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from attack_harness import AttackHarness
from forge import box, content_of, nested, replace_box, table, with_fields

STBL = "moov/trak/mdia/minf/stbl"
HUGE = 2**32 - 1
FTYP = box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2avc1mp41")

Forge = Callable[[bytes], bytes]

COUNTS: dict[str, Forge] = {
    "stsz": lambda base: replace_box(base, f"{STBL}/stsz", lambda _: table(b"stsz", HUGE, before=bytes(4))),
    "stsz of one size": lambda base: replace_box(
        base, f"{STBL}/stsz", lambda _: table(b"stsz", HUGE, before=struct.pack(">I", 100))
    ),
    "stts": lambda base: replace_box(base, f"{STBL}/stts", lambda _: table(b"stts", HUGE)),
    "stts of one entry": lambda base: replace_box(
        base, f"{STBL}/stts", lambda _: table(b"stts", 1, struct.pack(">II", HUGE, 1))
    ),
    "stsc": lambda base: replace_box(base, f"{STBL}/stsc", lambda _: table(b"stsc", HUGE)),
    "stco": lambda base: replace_box(base, f"{STBL}/stco", lambda _: table(b"stco", HUGE)),
    "stsd": lambda base: replace_box(base, f"{STBL}/stsd", lambda inner: table(b"stsd", HUGE, inner[8:])),
    "ctts": lambda base: replace_box(
        base, STBL, lambda inner: box(b"stbl", inner + table(b"ctts", 1, struct.pack(">II", HUGE, 1)))
    ),
    "elst": lambda base: replace_box(base, "moov/trak/edts/elst", lambda _: table(b"elst", HUGE)),
    "dref": lambda base: replace_box(base, "moov/trak/mdia/minf/dinf/dref", lambda _: table(b"dref", HUGE)),
}


@pytest.mark.parametrize("kind", COUNTS)
def test_huge_entry_count_is_harmless(harness: AttackHarness, base: bytes, kind: str) -> None:
    outcome = harness.attack(COUNTS[kind](base))
    assert outcome.reason in (None, "damaged", "too_short", "unsupported_format"), outcome.detail


def with_index(content: bytes) -> Forge:
    """Return a forgery that replaces the clip's index."""
    return lambda base: replace_box(base, "moov", lambda _: content)


SIZES: dict[str, Forge] = {
    "smaller than its header": with_index(struct.pack(">I4s", 4, b"moov")),
    "larger than the file": with_index(struct.pack(">I4s", HUGE, b"moov")),
    "negative in 64 bits": with_index(struct.pack(">I4sQ", 1, b"moov", 2**64 - 16)),
    "overflowing in 64 bits": with_index(struct.pack(">I4sQ", 1, b"moov", 2**63)),
    "less than the long header": with_index(struct.pack(">I4sQ", 1, b"moov", 8)),
    "a part larger than the whole": with_index(box(b"moov", struct.pack(">I4s", HUGE, b"trak"))),
    "a part smaller than its header": with_index(box(b"moov", struct.pack(">I4s", 1, b"trak") + bytes(64))),
    "a part of negative size": with_index(box(b"moov", struct.pack(">I4sQ", 1, b"trak", 2**64 - 1))),
    "empty": with_index(box(b"moov")),
    "of boxes without content": with_index(box(b"moov", box(b"trak") * 50_000)),
    "ten thousand boxes deep": with_index(box(b"moov", nested(b"moov", 10_000))),
    "ten thousand tracks deep": with_index(box(b"moov", nested(b"trak", 10_000))),
    "ten thousand texts deep": with_index(box(b"moov", box(b"udta", nested(b"meta", 10_000)))),
    "cut off": lambda base: replace_box(base, "moov", lambda inner: box(b"moov", inner[: len(inner) // 2])),
}


@pytest.mark.parametrize("name", SIZES)
def test_malformed_index_is_refused(harness: AttackHarness, base: bytes, name: str) -> None:
    assert harness.attack(SIZES[name](base)).reason in ("damaged", "not_a_video")


def test_repeated_index_is_read_once(harness: AttackHarness, base: bytes) -> None:
    outcome = harness.attack(base + box(b"moov", content_of(base, "moov")) * 1000)
    assert outcome.reason is None
    assert outcome.receipt.found is not None and outcome.receipt.found.streams == 1


def test_too_many_boxes_is_damaged(harness: AttackHarness, base: bytes) -> None:
    assert harness.attack(box(b"free") * 200_000 + base).reason == "damaged"


def test_invalid_edit_list_is_harmless(harness: AttackHarness, base: bytes) -> None:
    for stage_clip, speed in ((2**31 - 1, 0x10000), (-(2**31), 0x10000), (0, 0), (0, 0x7FFFFFFF)):
        entry = struct.pack(">IiI", 2000, stage_clip, speed)
        outcome = harness.attack(
            replace_box(base, "moov/trak/edts/elst", lambda _, entry=entry: table(b"elst", 1, entry))
        )  # type: ignore[misc]
        assert outcome.reason in (None, "damaged", "too_short"), outcome.detail


def scaled(ticks: int, delta: int) -> Forge:
    """Return a forgery with ``ticks`` per second and frames ``delta`` ticks apart."""

    def forge(base: bytes) -> bytes:
        # Version 0 of mdhd: version, created, modified, timescale, duration.
        with_clock = replace_box(
            base, "moov/trak/mdia/mdhd", with_fields(b"mdhd", (12, struct.pack(">II", ticks, (30 * delta) % 2**32)))
        )
        return replace_box(with_clock, f"{STBL}/stts", lambda _: table(b"stts", 1, struct.pack(">II", 30, delta)))

    return forge


TIMES: dict[str, Forge] = {
    "no clock": scaled(0, 1),
    "a billion frames per second": scaled(1_000_000_000, 1),
    "all frames at the same time": scaled(15360, 0),
    "a frame every hundred years": scaled(1, 2**31 - 1),
    "a frame every two minutes": scaled(1, 120),
    "frames that run backwards": scaled(15360, HUGE - 1023),
    "no duration": lambda base: replace_box(
        replace_box(base, "moov/mvhd", with_fields(b"mvhd", (16, bytes(4)))),
        "moov/trak/mdia/mdhd",
        with_fields(b"mdhd", (16, bytes(4))),
    ),
    "an endless duration": lambda base: replace_box(
        replace_box(base, "moov/mvhd", with_fields(b"mvhd", (16, b"\xff" * 4))),
        "moov/trak/mdia/mdhd",
        with_fields(b"mdhd", (16, b"\xff" * 4)),
    ),
}


@pytest.mark.parametrize("name", TIMES)
def test_forged_times_are_harmless(harness: AttackHarness, base: bytes, name: str) -> None:
    outcome = harness.attack(TIMES[name](base))
    assert outcome.reason in (None, "damaged", "too_short"), outcome.detail
    if outcome.reason is None:
        # The length limit holds, whatever the declared duration.
        assert outcome.receipt.encoder is not None and outcome.receipt.encoder.cpu_seconds < 60


def test_clip_without_frames_is_refused(harness: AttackHarness, base: bytes) -> None:
    empty = replace_box(base, f"{STBL}/stsz", lambda _: table(b"stsz", 0, before=bytes(4)))
    for kind in ("stts", "stsc", "stco"):
        empty = replace_box(empty, f"{STBL}/{kind}", lambda _, kind=kind: table(kind.encode(), 0))  # type: ignore[misc]
    assert harness.attack(empty).reason in ("damaged", "too_short")


@pytest.mark.parametrize(("width", "height"), [(0, 0), (65535, 65535), (16384, 16384), (1, 65535)])
def test_forged_frame_size_is_harmless(harness: AttackHarness, base: bytes, width: int, height: int) -> None:
    # Of a sample entry: size, kind, reserved, reference, and 16 bytes on the width and the height.
    size = struct.pack(">HH", width, height)
    outcome = harness.attack(replace_box(base, f"{STBL}/stsd", with_fields(b"stsd", (8 + 8 + 8 + 16, size))))
    assert outcome.reason in (None, "damaged", "too_large_picture"), outcome.detail


def test_hundred_streams_is_unsupported_format(harness: AttackHarness, base: bytes) -> None:
    track = box(b"trak", content_of(base, "moov/trak"))
    many = replace_box(base, "moov", lambda inner: box(b"moov", inner + track * 99))
    assert harness.attack(many).reason == "unsupported_format"


def test_ten_thousand_streams_are_refused(harness: AttackHarness, base: bytes) -> None:
    track = box(b"trak", content_of(base, "moov/trak"))
    many = replace_box(base, "moov", lambda inner: box(b"moov", inner + track * 10_000))
    assert harness.attack(many).reason in ("damaged", "unsupported_format")


def test_fragments_with_huge_sample_count_are_refused(harness: AttackHarness, base: bytes) -> None:
    header = table(b"tfhd", 1)
    for flags in (0, 0x000001, 0x000701):
        run = box(b"trun", struct.pack(">II", flags, HUGE) + bytes(64))
        fragment = box(b"moof", box(b"mfhd", bytes(8)) + box(b"traf", header + run))
        extended = replace_box(
            base, "moov", lambda inner: box(b"moov", inner + box(b"mvex", table(b"trex", 1, bytes(16))))
        )
        outcome = harness.attack(extended + fragment)
        assert (outcome.reason, outcome.programs) == ("unsupported_format", [])
