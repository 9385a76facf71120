"""Unspecified colours are guessed as players do; everything except BT.709 is converted."""

from __future__ import annotations

import pytest

from services.worker.colours import BT470BG, BT709, BT2020, PQ, RGB, SMPTE170M, UNSPECIFIED, Colours, colours_of


@pytest.mark.parametrize(
    ("codec", "lines", "declared", "expected"),
    [
        ("h264", 1080, (UNSPECIFIED, UNSPECIFIED, UNSPECIFIED), Colours(BT709, BT709, BT709)),
        ("h264", 480, (UNSPECIFIED, UNSPECIFIED, UNSPECIFIED), Colours(BT709, BT709, SMPTE170M)),
        ("h264", 576, (UNSPECIFIED, UNSPECIFIED, UNSPECIFIED), Colours(BT709, BT709, BT470BG)),
        ("hevc", 2160, (UNSPECIFIED, PQ, UNSPECIFIED), Colours(BT2020, PQ, BT2020)),
        ("hevc", 480, (BT2020, UNSPECIFIED, UNSPECIFIED), Colours(BT2020, BT709, BT2020)),
        ("mjpeg", 1080, (UNSPECIFIED, UNSPECIFIED, BT709), Colours(BT709, BT709, BT470BG)),
        ("h264", 1080, (BT709, BT709, RGB), Colours(BT709, BT709, RGB)),
        ("h264", 1080, (250, 251, 252), Colours(BT709, BT709, BT709)),
    ],
)
def test_unspecified_colours_are_guessed(
    codec: str, lines: int, declared: tuple[int, int, int], expected: Colours
) -> None:
    assert colours_of(codec, lines, *declared) == expected


@pytest.mark.parametrize(
    ("declared", "is_bt709"),
    [
        ((1, 1, 1), True),
        ((1, 13, 1), True),
        ((1, 6, 1), True),
        ((1, 1, 0), True),
        ((1, 1, 6), False),
        ((9, 1, 1), False),
    ],
)
def test_bt709_needs_no_conversion(declared: tuple[int, int, int], is_bt709: bool) -> None:
    assert Colours(*declared).is_bt709 == is_bt709
