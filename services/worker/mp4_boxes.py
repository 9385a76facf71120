"""First check of an upload, before any decoder runs: a complete MP4 or QuickTime container.

Box structure: ISO/IEC 14496-12, 4.2; Apple's QuickTime File Format uses the same.
"""

from __future__ import annotations

import struct
from pathlib import Path

from services.videos.failures import FailureReason
from services.worker.errors import InvalidMedia

# Allowed first boxes; old QuickTime files have no ftyp.
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_MAX_BOXES = 100_000
_OLD_QUICKTIME = "qt"


def check_container(path: Path) -> None:
    """Check the top-level boxes of a file.

    Raises:
        InvalidMedia: not an MP4 or QuickTime container, or truncated.
    """
    _check_required_boxes({kind for kind, _, _ in read_top_level_boxes(path)}, path.stat().st_size)


def read_top_level_boxes(path: Path) -> list[tuple[bytes, int, int]]:
    """Return kind, start and end of each top-level box; trailing bytes that are no box get an empty kind.

    Raises:
        InvalidMedia: the file does not start with a known box, or a box ends beyond the file.
    """
    size = path.stat().st_size
    boxes: list[tuple[bytes, int, int]] = []
    with path.open("rb") as file:
        position = 0
        for _ in range(_MAX_BOXES):
            file.seek(position)
            header = file.read(16)
            if len(header) < 8:
                break
            length, kind = struct.unpack(">I4s", header[:8])
            if not boxes and kind not in _FIRST_BOXES:
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
            boxes.append((kind, position, position + length))
            position += length
    if position < size:
        boxes.append((b"", position, size))
    return boxes


def read_brand(path: Path) -> str | None:
    """Return the container's brand, such as ``isom``; None if the first box has none."""
    with path.open("rb") as file:
        first = file.read(12)
    if first[4:8] != b"ftyp":
        return _OLD_QUICKTIME if first[4:8] in _FIRST_BOXES else None
    name = first[8:].decode("ascii", errors="replace").strip()
    # Untrusted bytes that will be displayed.
    return name if name.isascii() and name.isalnum() else None


def _check_required_boxes(seen: set[bytes], size: int) -> None:
    if not seen - {b""}:
        raise InvalidMedia(FailureReason.NOT_A_VIDEO, f"no box in {size} bytes")
    for box in (b"moov", b"mdat"):
        if box not in seen:
            raise InvalidMedia(FailureReason.DAMAGED, f"has no {box.decode()} box")
