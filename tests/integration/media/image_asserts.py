"""Detects the watermark and the bumper in frames."""

from __future__ import annotations

import functools
import statistics

from av.video.frame import VideoFrame

from tests.integration.services.worker.clips import mean_colour

_LEFT, _TOP = 1280 - 258 - 10, 10
# The ball, the letters, and the background above and below the line.
_POINTS = ((182, 308), (640, 200), (640, 390), (1200, 100), (20, 20), (60, 690), (1200, 690))


def watermark_contrast(frame: VideoFrame, watermark: VideoFrame) -> float:
    """Return how much brighter a frame is at the watermark's letters than at its background.

    Args:
        frame: 1280x720, RGB.
        watermark: RGB.
    """
    plane = frame.planes[0]
    content, width = bytes(plane), plane.line_size

    def brightness(point: tuple[int, int]) -> float:
        offset = (_TOP + point[1]) * width + 3 * (_LEFT + point[0])
        return sum(content[offset : offset + 3]) / 3

    light, dark = _letters_and_background(watermark)
    return statistics.mean(map(brightness, light)) - statistics.mean(map(brightness, dark))


@functools.cache
def _letters_and_background(watermark: VideoFrame) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return points of the watermark's letters, and of its background."""
    plane = watermark.planes[0]
    content, width = bytes(plane), plane.line_size
    light, dark = [], []
    for y in range(4, watermark.height - 4, 2):
        for x in range(8, watermark.width - 8, 2):
            level = sum(content[y * width + 3 * x : y * width + 3 * x + 3])
            if level >= 3 * 230:
                light.append((x, y))
            elif level <= 3 * 60:
                dark.append((x, y))
    return light, dark


def is_bumper_frame(frame: VideoFrame, bumper: VideoFrame) -> bool:
    """Return whether a frame shows the bumper."""
    pairs = [(mean_colour(frame, x, y, size=6), mean_colour(bumper, x, y, size=6)) for x, y in _POINTS]
    return all(
        abs(one - other) <= 20 for actual, expected in pairs for one, other in zip(actual, expected, strict=True)
    )
