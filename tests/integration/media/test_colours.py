"""HDR and wide colours look like the same picture in SDR, and a file that says nothing is guessed as players do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.worker import media
from services.worker.colours import BT470BG, BT709, BT2020, HLG, PQ, RGB, SMPTE170M, UNSPECIFIED, Colours, colours_of
from services.worker.pipeline import curtain_frames
from tests.integration.services.worker import clips

from .conftest import Processed
from .honest import HONEST

# testsrc2's bars, away from what moves: red, green, yellow, blue, cyan.
BARS = {(80, 640): (255, 0, 0), (240, 640): (0, 255, 0), (560, 640): (255, 255, 0), (720, 640): (0, 0, 255)}


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("HDR10", 60),
        ("HLG", 60),
        ("wide colours without HDR", 60),
        ("ten bits of SDR", 12),
        ("full range", 12),
        ("BT.601 in HD", 12),
    ],
)
def test_the_bars_keep_their_colours(processed: Callable[[str], Processed], name: str, tolerance: int) -> None:
    frame = clips.frame_at(processed(name).folder / media.PROCESSED, curtain_frames(HONEST[name].rate) + 5)
    for (x, y), wanted in BARS.items():
        seen = clips.colour(frame, x, y)
        assert all(abs(one - other) <= tolerance for one, other in zip(seen, wanted, strict=True)), (x, y, seen)


@pytest.mark.parametrize(("name", "transfer"), [("HDR10", PQ), ("HLG", HLG)])
def test_hdr_is_known_by_what_the_file_says(processed: Callable[[str], Processed], name: str, transfer: int) -> None:
    picture = processed(name).picture
    assert (picture.colours, picture.pixel_format) == (Colours(BT2020, transfer, BT2020), "yuv420p10le")
    assert picture.colours.is_hdr and not picture.colours.is_bt709


@pytest.mark.parametrize(
    ("codec", "lines", "said", "meant"),
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
def test_what_a_file_does_not_say_is_guessed(
    codec: str, lines: int, said: tuple[int, int, int], meant: Colours
) -> None:
    assert colours_of(codec, lines, *said) == meant


@pytest.mark.parametrize(
    ("said", "is_bt709"),
    [
        ((1, 1, 1), True),
        ((1, 13, 1), True),
        ((1, 6, 1), True),
        ((1, 1, 0), True),
        ((1, 1, 6), False),
        ((9, 1, 1), False),
    ],
)
def test_only_what_is_not_bt709_already_is_converted(said: tuple[int, int, int], is_bt709: bool) -> None:
    assert Colours(*said).is_bt709 == is_bt709
