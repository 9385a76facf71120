"""The first gate: is the file an MP4 or QuickTime container, and whole? No decoder sees it before.

Box structure: ISO/IEC 14496-12, 4.2; Apple's QuickTime File Format uses the same.
"""

from __future__ import annotations

import struct
from pathlib import Path

from services.videos.failures import FailureReason
from services.worker.errors import InvalidMedia

# The boxes that a file of the family may begin with: old QuickTime files have no ftyp.
_FIRST = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_MOST_BOXES = 100_000
_OLD_QUICKTIME = "qt"


def check_container(path: Path) -> None:
    """Walk the outermost boxes of a file.

    Raises:
        InvalidMedia: it is no such container, or it is cut off.
    """
    _check_whole({kind for kind, _, _ in outermost(path)}, path.stat().st_size)


def outermost(path: Path) -> list[tuple[bytes, int, int]]:
    """The kinds of a file's outermost boxes, and where each begins and ends; what is none at its end has no kind.

    Raises:
        InvalidMedia: it does not begin with one, or one ends after the file.
    """
    size = path.stat().st_size
    found: list[tuple[bytes, int, int]] = []
    with path.open("rb") as file:
        position = 0
        for _ in range(_MOST_BOXES):
            file.seek(position)
            header = file.read(16)
            if len(header) < 8:
                break
            length, kind = struct.unpack(">I4s", header[:8])
            if not found and kind not in _FIRST:
                raise InvalidMedia(FailureReason.NOT_A_VIDEO, f"first box is {kind!r}")
            if length == 1 and len(header) == 16:
                length = struct.unpack(">Q", header[8:])[0]
            elif length == 0:
                length = size - position
            if length < 8:
                break
            if position + length > size:
                after = position + length - size
                raise InvalidMedia(
                    FailureReason.DAMAGED, f"box {kind!r} ends at {position + length}, {after} bytes after the file"
                )
            found.append((kind, position, position + length))
            position += length
    if position < size:
        found.append((b"", position, size))
    return found


def brand(path: Path) -> str | None:
    """What a file's first box says the container is, such as ``isom``; None where it is none of the family."""
    with path.open("rb") as file:
        first = file.read(12)
    if first[4:8] != b"ftyp":
        return _OLD_QUICKTIME if first[4:8] in _FIRST else None
    name = first[8:].decode("ascii", errors="replace").strip()
    # A stranger's four bytes, which people are going to read.
    return name if name.isascii() and name.isalnum() else None


def _check_whole(seen: set[bytes], size: int) -> None:
    if not seen - {b""}:
        raise InvalidMedia(FailureReason.NOT_A_VIDEO, f"no box in {size} bytes")
    for box in (b"moov", b"mdat"):
        if box not in seen:
            raise InvalidMedia(FailureReason.DAMAGED, f"has no {box.decode()} box")
