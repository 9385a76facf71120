"""Whether pictures of ours are in a picture."""

from __future__ import annotations

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
    light, dark = [], []
    for y in range(4, mark.height - 4, 2):
        for x in range(8, mark.width - 8, 2):
            wanted = sum(colour(mark, x, y, size=1))
            if 3 * 60 < wanted < 3 * 230:
                continue
            (light if wanted >= 3 * 230 else dark).append(sum(colour(frame, _LEFT + x, _TOP + y, size=1)) / 3)
    return statistics.mean(light) - statistics.mean(dark)


def looks_like(frame: VideoFrame, curtain: VideoFrame) -> bool:
    """Whether a frame is the curtain."""
    pairs = [(colour(frame, x, y, size=6), colour(curtain, x, y, size=6)) for x, y in _POINTS]
    return all(abs(one - other) <= 20 for seen, wanted in pairs for one, other in zip(seen, wanted, strict=True))
