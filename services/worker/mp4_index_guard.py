"""The second look of the first gate: may the file's index be built in memory?

libav makes an entry of some 30 bytes for each sample that an index tells of, and edit lists repeat them, so that a
file of a thousand bytes can ask for gigabytes. The counts are looked for without regard to the boxes around them:
libav finds a table in more places than a walk by the book would. No camera's index holds these names by chance: its
numbers are far smaller than four letters.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from services.videos.failures import FailureReason
from services.worker.errors import InvalidMedia
from services.worker.mp4_boxes import outermost

# Four minutes of a camera's uncompressed sound, in which each 48,000th of a second is a sample.
MOST_SAMPLES = 12_000_000
_MOST_TABLES = 100_000
# How far behind the name of a table its count stands.
_SAMPLES = {b"stsz": 12, b"stz2": 12, b"trun": 8}
_EDITS = {b"elst": 8}
_PACKED = b"cmvd"


def check_index(path: Path) -> None:
    """Add up what the index of a container tells of; its pictures are not read.

    Raises:
        InvalidMedia: it is more than a clip has, or it is packed so that nobody can tell.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        spans = [(start, end) for kind, start, end in outermost(path) if kind != b"mdat"]
        if any(content.find(_PACKED, start, end) >= 0 for start, end in spans):
            raise InvalidMedia(FailureReason.UNSUPPORTED_FORMAT, "the index is packed")
        samples = sum(_counts(content, spans, _SAMPLES))
        edits = max(_counts(content, spans, _EDITS), default=1)
    if samples * max(1, edits) > MOST_SAMPLES:
        raise InvalidMedia(
            FailureReason.UNSUPPORTED_FORMAT,
            f"the index tells of {samples} samples and {edits} edits; allowed are {MOST_SAMPLES} by their product",
        )


def _counts(content: mmap.mmap, spans: list[tuple[int, int]], tables: dict[bytes, int]) -> Iterator[int]:
    found = 0
    for start, end in spans:
        for name, behind in tables.items():
            place = content.find(name, start, end)
            while place >= 0:
                found += 1
                if found > _MOST_TABLES:
                    raise InvalidMedia(FailureReason.UNSUPPORTED_FORMAT, f"more than {_MOST_TABLES} tables")
                # A size of 1 says that the true one stands behind the name, in 8 bytes.
                is_long = content[max(0, place - 4) : place] == b"\0\0\0\1"
                yield _number(content, place + behind + 8 * is_long)
                place = content.find(name, place + 4, end)


def _number(content: mmap.mmap, place: int) -> int:
    number = content[place : place + 4]
    return int(struct.unpack(">I", number)[0]) if len(number) == 4 else 0
