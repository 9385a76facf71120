"""The first gate: is the file an MP4 or QuickTime container, and whole? No decoder sees it before.

Box structure: ISO/IEC 14496-12, 4.2; Apple's QuickTime File Format uses the same.
"""

from __future__ import annotations

import struct
from pathlib import Path

from services.core.failures import FailureReason
from services.worker.problems import MediaProblem

# The boxes that a file of the family may begin with: old QuickTime files have no ftyp.
_FIRST = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_MOST_BOXES = 100_000


def check_container(path: Path) -> None:
    """Walk the outermost boxes of a file.

    Raises:
        MediaProblem: it is no such container, or it is cut off.
    """
    size = path.stat().st_size
    seen: set[bytes] = set()
    with path.open("rb") as file:
        position = 0
        for _ in range(_MOST_BOXES):
            file.seek(position)
            header = file.read(16)
            if len(header) < 8:
                break
            length, kind = struct.unpack(">I4s", header[:8])
            if not seen and kind not in _FIRST:
                raise MediaProblem(FailureReason.NOT_A_VIDEO, f"first box is {kind!r}")
            if length == 1 and len(header) == 16:
                length = struct.unpack(">Q", header[8:])[0]
            elif length == 0:
                length = size - position
            if length < 8:
                break
            seen.add(kind)
            position += length
            if position > size:
                raise MediaProblem(
                    FailureReason.DAMAGED, f"box {kind!r} ends at {position}, {position - size} bytes after the file"
                )
    _check_whole(seen, size)


def _check_whole(seen: set[bytes], size: int) -> None:
    if not seen:
        raise MediaProblem(FailureReason.NOT_A_VIDEO, f"no box in {size} bytes")
    for box in (b"moov", b"mdat"):
        if box not in seen:
            raise MediaProblem(FailureReason.DAMAGED, f"has no {box.decode()} box")
