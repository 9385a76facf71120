"""Clips whose index lies: counts, sizes, depths and times that no camera writes."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from attack_harness import Arena
from forge import box, content_of, edited, nested, table, with_fields

STBL = "moov/trak/mdia/minf/stbl"
HUGE = 2**32 - 1
FTYP = box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2avc1mp41")

Forge = Callable[[bytes], bytes]

COUNTS: dict[str, Forge] = {
    "stsz": lambda base: edited(base, f"{STBL}/stsz", lambda _: table(b"stsz", HUGE, before=bytes(4))),
    "stsz of one size": lambda base: edited(
        base, f"{STBL}/stsz", lambda _: table(b"stsz", HUGE, before=struct.pack(">I", 100))
    ),
    "stts": lambda base: edited(base, f"{STBL}/stts", lambda _: table(b"stts", HUGE)),
    "stts of one entry": lambda base: edited(
        base, f"{STBL}/stts", lambda _: table(b"stts", 1, struct.pack(">II", HUGE, 1))
    ),
    "stsc": lambda base: edited(base, f"{STBL}/stsc", lambda _: table(b"stsc", HUGE)),
    "stco": lambda base: edited(base, f"{STBL}/stco", lambda _: table(b"stco", HUGE)),
    "stsd": lambda base: edited(base, f"{STBL}/stsd", lambda inner: table(b"stsd", HUGE, inner[8:])),
    "ctts": lambda base: edited(
        base, STBL, lambda inner: box(b"stbl", inner + table(b"ctts", 1, struct.pack(">II", HUGE, 1)))
    ),
    "elst": lambda base: edited(base, "moov/trak/edts/elst", lambda _: table(b"elst", HUGE)),
    "dref": lambda base: edited(base, "moov/trak/mdia/minf/dinf/dref", lambda _: table(b"dref", HUGE)),
}


@pytest.mark.parametrize("kind", COUNTS)
def test_a_count_of_four_thousand_million_costs_nothing(arena: Arena, base: bytes, kind: str) -> None:
    outcome = arena.attack(COUNTS[kind](base))
    assert outcome.reason in (None, "damaged", "too_short", "unsupported_format"), outcome.detail


def of_index(content: bytes) -> Forge:
    """Puts an index in the place of the clip's."""
    return lambda base: edited(base, "moov", lambda _: content)


SIZES: dict[str, Forge] = {
    "smaller than its header": of_index(struct.pack(">I4s", 4, b"moov")),
    "larger than the file": of_index(struct.pack(">I4s", HUGE, b"moov")),
    "negative in 64 bits": of_index(struct.pack(">I4sQ", 1, b"moov", 2**64 - 16)),
    "overflowing in 64 bits": of_index(struct.pack(">I4sQ", 1, b"moov", 2**63)),
    "less than the long header": of_index(struct.pack(">I4sQ", 1, b"moov", 8)),
    "a part larger than the whole": of_index(box(b"moov", struct.pack(">I4s", HUGE, b"trak"))),
    "a part smaller than its header": of_index(box(b"moov", struct.pack(">I4s", 1, b"trak") + bytes(64))),
    "a part of negative size": of_index(box(b"moov", struct.pack(">I4sQ", 1, b"trak", 2**64 - 1))),
    "empty": of_index(box(b"moov")),
    "of boxes without content": of_index(box(b"moov", box(b"trak") * 50_000)),
    "ten thousand boxes deep": of_index(box(b"moov", nested(b"moov", 10_000))),
    "ten thousand tracks deep": of_index(box(b"moov", nested(b"trak", 10_000))),
    "ten thousand texts deep": of_index(box(b"moov", box(b"udta", nested(b"meta", 10_000)))),
    "cut off": lambda base: edited(base, "moov", lambda inner: box(b"moov", inner[: len(inner) // 2])),
}


@pytest.mark.parametrize("name", SIZES)
def test_an_index_of_a_wrong_shape(arena: Arena, base: bytes, name: str) -> None:
    assert arena.attack(SIZES[name](base)).reason in ("damaged", "not_a_video")


def test_a_clip_with_its_index_a_thousand_times_is_read_by_the_first(arena: Arena, base: bytes) -> None:
    outcome = arena.attack(base + box(b"moov", content_of(base, "moov")) * 1000)
    assert outcome.reason is None
    assert outcome.receipt.found is not None and outcome.receipt.found.streams == 1


def test_a_file_of_a_hundred_thousand_boxes(arena: Arena, base: bytes) -> None:
    assert arena.attack(box(b"free") * 200_000 + base).reason == "damaged"


def test_an_edit_list_that_jumps_to_nowhere(arena: Arena, base: bytes) -> None:
    for place, speed in ((2**31 - 1, 0x10000), (-(2**31), 0x10000), (0, 0), (0, 0x7FFFFFFF)):
        entry = struct.pack(">IiI", 2000, place, speed)
        outcome = arena.attack(edited(base, "moov/trak/edts/elst", lambda _, entry=entry: table(b"elst", 1, entry)))  # type: ignore[misc]
        assert outcome.reason in (None, "damaged", "too_short"), outcome.detail


def scaled(ticks: int, delta: int) -> Forge:
    """A clock of so many ticks a second, and pictures so many ticks apart."""

    def forge(base: bytes) -> bytes:
        # Version 0 of mdhd: version, created, modified, timescale, duration.
        clocked = edited(
            base, "moov/trak/mdia/mdhd", with_fields(b"mdhd", (12, struct.pack(">II", ticks, (30 * delta) % 2**32)))
        )
        return edited(clocked, f"{STBL}/stts", lambda _: table(b"stts", 1, struct.pack(">II", 30, delta)))

    return forge


TIMES: dict[str, Forge] = {
    "no clock": scaled(0, 1),
    "a thousand million pictures a second": scaled(1_000_000_000, 1),
    "pictures at one moment": scaled(15360, 0),
    "a picture in a hundred years": scaled(1, 2**31 - 1),
    "a picture in two minutes": scaled(1, 120),
    "pictures that run backwards": scaled(15360, HUGE - 1023),
    "no length": lambda base: edited(
        edited(base, "moov/mvhd", with_fields(b"mvhd", (16, bytes(4)))),
        "moov/trak/mdia/mdhd",
        with_fields(b"mdhd", (16, bytes(4))),
    ),
    "an endless length": lambda base: edited(
        edited(base, "moov/mvhd", with_fields(b"mvhd", (16, b"\xff" * 4))),
        "moov/trak/mdia/mdhd",
        with_fields(b"mdhd", (16, b"\xff" * 4)),
    ),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_that_no_camera_writes(arena: Arena, base: bytes, name: str) -> None:
    outcome = arena.attack(TIMES[name](base))
    assert outcome.reason in (None, "damaged", "too_short"), outcome.detail
    if outcome.reason is None:
        # However long it says it is, no more than the limit was made.
        assert outcome.receipt.encoder is not None and outcome.receipt.encoder.cpu_seconds < 60


def test_no_pictures_at_all(arena: Arena, base: bytes) -> None:
    empty = edited(base, f"{STBL}/stsz", lambda _: table(b"stsz", 0, before=bytes(4)))
    for kind in ("stts", "stsc", "stco"):
        empty = edited(empty, f"{STBL}/{kind}", lambda _, kind=kind: table(kind.encode(), 0))  # type: ignore[misc]
    assert arena.attack(empty).reason in ("damaged", "too_short")


@pytest.mark.parametrize(("width", "height"), [(0, 0), (65535, 65535), (16384, 16384), (1, 65535)])
def test_a_size_that_the_index_makes_up(arena: Arena, base: bytes, width: int, height: int) -> None:
    # Of a sample entry: size, kind, reserved, reference, and 16 bytes on the width and the height.
    size = struct.pack(">HH", width, height)
    outcome = arena.attack(edited(base, f"{STBL}/stsd", with_fields(b"stsd", (8 + 8 + 8 + 16, size))))
    assert outcome.reason in (None, "damaged", "too_large_picture"), outcome.detail


def test_a_hundred_streams(arena: Arena, base: bytes) -> None:
    track = box(b"trak", content_of(base, "moov/trak"))
    many = edited(base, "moov", lambda inner: box(b"moov", inner + track * 99))
    assert arena.attack(many).reason == "unsupported_format"


def test_ten_thousand_streams(arena: Arena, base: bytes) -> None:
    track = box(b"trak", content_of(base, "moov/trak"))
    many = edited(base, "moov", lambda inner: box(b"moov", inner + track * 10_000))
    assert arena.attack(many).reason in ("damaged", "unsupported_format")


def test_pieces_that_say_they_hold_thousands_of_millions_of_pictures(arena: Arena, base: bytes) -> None:
    header = table(b"tfhd", 1)
    for flags in (0, 0x000001, 0x000701):
        run = box(b"trun", struct.pack(">II", flags, HUGE) + bytes(64))
        piece = box(b"moof", box(b"mfhd", bytes(8)) + box(b"traf", header + run))
        extended = edited(base, "moov", lambda inner: box(b"moov", inner + box(b"mvex", table(b"trex", 1, bytes(16)))))
        outcome = arena.attack(extended + piece)
        assert (outcome.reason, outcome.programs) == ("unsupported_format", [])
