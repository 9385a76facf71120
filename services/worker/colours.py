"""Colour metadata of a file, and the filters that convert it to SDR BT.709, which every screen shows.

Numbers are code points of ITU-T H.273, which files, decoders and filters share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RGB, BT709, UNSPECIFIED, BT470BG, SMPTE170M, BT2020 = 0, 1, 2, 5, 6, 9
PQ, HLG = 16, 18
# Values that zscale can convert from; any other value in a file is treated as unspecified.
_PRIMARIES = (1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22)
_TRANSFERS = (1, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, PQ, HLG)
_MATRICES = (RGB, 1, 4, 5, 6, 7, 8, 9, 10)
# ITU-R BT.2408: HDR reference white, mapped to SDR's white.
_WHITE_NITS = 203
# Brightness is unchanged up to this share of the range; the rest holds compressed highlights.
_LINEAR_SHARE = 0.75


@dataclass(frozen=True)
class Colours:
    """Colour metadata of a video stream, as code points of ITU-T H.273.

    Args:
        primaries: colour primaries.
        transfer: transfer characteristics.
        matrix: matrix coefficients from YCbCr to RGB.
    """

    primaries: int
    transfer: int
    matrix: int

    @property
    def is_hdr(self) -> bool:
        """Whether the transfer function is an HDR one (PQ or HLG)."""
        return self.transfer in (PQ, HLG)

    @property
    def is_bt709(self) -> bool:
        """Whether no conversion is needed. SDR transfer curves differ too little to matter to players."""
        return not self.is_hdr and self.primaries == BT709 and self.matrix in (RGB, BT709)


def colours_of(codec: str, lines: int, primaries: int, transfer: int, matrix: int) -> Colours:
    """Return a stream's colours; guess unspecified values as players do.

    Args:
        codec: ffmpeg's name of the codec.
        lines: height of the frame in pixels.
        primaries, transfer, matrix: values declared by the file.
    """
    transfer = transfer if transfer in _TRANSFERS else UNSPECIFIED
    if codec == "mjpeg":
        # JFIF always uses the BT.601 matrix.
        matrix = BT470BG
    elif matrix not in _MATRICES:
        matrix = _guess_matrix(lines, hdr=transfer in (PQ, HLG) or primaries == BT2020)
    if primaries not in _PRIMARIES:
        primaries = BT2020 if transfer in (PQ, HLG) else {9: 9, 10: 9}.get(matrix, BT709)
    return Colours(primaries, BT709 if transfer == UNSPECIFIED else transfer, matrix)


def to_bt709(stream: Any, colours: Colours) -> Any:
    """Add filters that convert a stream to 8-bit SDR BT.709, without setting its tags.

    Args:
        stream: limited range; RGB already converted to BT.709 YCbCr. Scale first: fewer pixels to convert.
        colours: colours of the stream.
    """
    if colours.is_bt709:
        return stream.filter("format", "yuv420p")
    stream = stream.filter("format", "yuv420p10" if colours.is_hdr else "yuv420p|yuv420p10")
    matrix = BT709 if colours.matrix == RGB else colours.matrix
    source = {"pin": colours.primaries, "tin": colours.transfer, "min": matrix, "rin": "limited"}
    if not colours.is_hdr:
        source["tin"] = BT709
        return stream.filter("zscale", **source, p=BT709, t=BT709, m=BT709, r="limited").filter("format", "yuv420p")
    return (
        stream.filter("zscale", **source, p=BT709, t="linear", npl=_WHITE_NITS)
        .filter("format", "gbrpf32le")
        .filter("tonemap", "mobius", param=_LINEAR_SHARE)
        .filter("zscale", t=BT709, m=BT709, r="limited")
        .filter("format", "yuv420p")
    )


def _guess_matrix(lines: int, *, hdr: bool) -> int:
    if hdr:
        return BT2020
    if lines > 576:
        return BT709
    return BT470BG if lines == 576 else SMPTE170M
