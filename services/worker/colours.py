"""What the colours of a file mean, and the filters that bring them to what every screen shows: SDR, BT.709.

Numbers are code points of ITU-T H.273, which files, decoders and filters have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RGB, BT709, UNSPECIFIED, BT470BG, SMPTE170M, BT2020 = 0, 1, 2, 5, 6, 9
PQ, HLG = 16, 18
# What zscale converts from; anything else a file says is as good as nothing.
_PRIMARIES = (1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22)
_TRANSFERS = (1, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, PQ, HLG)
_MATRICES = (RGB, 1, 4, 5, 6, 7, 8, 9, 10)
# ITU-R BT.2408: the white of paper in HDR, which is as bright as SDR's white.
_WHITE_NITS = 203
# Up to here brightness is kept as it is; what is left holds the highlights.
_KEPT = 0.75


@dataclass(frozen=True)
class Colours:
    """How a picture's numbers become colours.

    Args:
        primaries: which red, green and blue.
        transfer: from numbers to light.
        matrix: from brightness and colour differences to red, green and blue.
    """

    primaries: int
    transfer: int
    matrix: int

    @property
    def is_hdr(self) -> bool:
        """Whether it is brighter than a screen of the old kind can show."""
        return self.transfer in (PQ, HLG)

    @property
    def is_bt709(self) -> bool:
        """Whether nothing needs to be done. SDR's curves differ too little for any player to tell them apart."""
        return not self.is_hdr and self.primaries == BT709 and self.matrix in (RGB, BT709)


def colours_of(codec: str, lines: int, primaries: int, transfer: int, matrix: int) -> Colours:
    """The colours of a file that may say nothing about them, as players guess them.

    Args:
        codec: ffmpeg's name of it.
        lines: of the picture.
        primaries, transfer, matrix: what the file says.
    """
    transfer = transfer if transfer in _TRANSFERS else UNSPECIFIED
    if codec == "mjpeg":
        # JFIF: always the matrix of BT.601.
        matrix = BT470BG
    elif matrix not in _MATRICES:
        matrix = _matrix_by(lines, hdr=transfer in (PQ, HLG) or primaries == BT2020)
    if primaries not in _PRIMARIES:
        primaries = BT2020 if transfer in (PQ, HLG) else {9: 9, 10: 9}.get(matrix, BT709)
    return Colours(primaries, BT709 if transfer == UNSPECIFIED else transfer, matrix)


def to_bt709(stream: Any, colours: Colours) -> Any:
    """Filters that bring a picture to SDR BT.709 in eight bits; they do not tag it.

    Args:
        stream: limited range, RGB made YCbCr by BT.709; scaled down before, so that fewer pixels are converted.
        colours: what it has.
    """
    if colours.is_bt709:
        return stream.filter("format", "yuv420p")
    stream = stream.filter("format", "yuv420p10" if colours.is_hdr else "yuv420p|yuv420p10")
    matrix = BT709 if colours.matrix == RGB else colours.matrix
    said = {"pin": colours.primaries, "tin": colours.transfer, "min": matrix, "rin": "limited"}
    if not colours.is_hdr:
        said["tin"] = BT709
        return stream.filter("zscale", **said, p=BT709, t=BT709, m=BT709, r="limited").filter("format", "yuv420p")
    return (
        stream.filter("zscale", **said, p=BT709, t="linear", npl=_WHITE_NITS)
        .filter("format", "gbrpf32le")
        .filter("tonemap", "mobius", param=_KEPT)
        .filter("zscale", t=BT709, m=BT709, r="limited")
        .filter("format", "yuv420p")
    )


def _matrix_by(lines: int, *, hdr: bool) -> int:
    if hdr:
        return BT2020
    if lines > 576:
        return BT709
    return BT470BG if lines == 576 else SMPTE170M
