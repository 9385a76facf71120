"""Whether pictures of ours are in a picture."""

from __future__ import annotations

import functools
import statistics

from av.video.frame import VideoFrame

from tests.integration.services.worker.clips import colour

_LEFT, _TOP = 1280 - 258 - 10, 10
# The ball, the letters, the ground above and below the line.
_POINTS = ((182, 308), (640, 200), (640, 390), (1200, 100), (20, 20), (60, 690), (1200, 690))


def contrast(frame: VideoFrame, mark: VideoFrame) -> float:
    """How much brighter the places of the mark's letters are than those of its plate.

    Args:
        frame: 1280x720, RGB.
        mark: RGB.
    """
    plane = frame.planes[0]
    content, width = bytes(plane), plane.line_size

    def brightness(place: tuple[int, int]) -> float:
        at = (_TOP + place[1]) * width + 3 * (_LEFT + place[0])
        return sum(content[at : at + 3]) / 3

    light, dark = _places(mark)
    return statistics.mean(map(brightness, light)) - statistics.mean(map(brightness, dark))


@functools.cache
def _places(mark: VideoFrame) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Where the mark's letters are, and where its plate is."""
    plane = mark.planes[0]
    content, width = bytes(plane), plane.line_size
    light, dark = [], []
    for y in range(4, mark.height - 4, 2):
        for x in range(8, mark.width - 8, 2):
            level = sum(content[y * width + 3 * x : y * width + 3 * x + 3])
            if level >= 3 * 230:
                light.append((x, y))
            elif level <= 3 * 60:
                dark.append((x, y))
    return light, dark


def looks_like(frame: VideoFrame, curtain: VideoFrame) -> bool:
    """Whether a frame is the curtain."""
    pairs = [(colour(frame, x, y, size=6), colour(curtain, x, y, size=6)) for x, y in _POINTS]
    return all(abs(one - other) <= 20 for seen, wanted in pairs for one, other in zip(seen, wanted, strict=True))
