"""Second check of an upload: the memory that libav needs for the file's index.

libav allocates about 30 bytes for each sample that an index declares, and edit lists multiply them, so a file of a
thousand bytes can demand gigabytes. Tables are searched by name in the raw bytes, regardless of nesting, because libav
finds tables in more places than the specification allows. False matches do not occur in real files: the numbers in an
index are far smaller than four ASCII letters.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from services.videos.failures import FailureReason
from services.worker.errors import InvalidMedia
from services.worker.mp4_boxes import read_top_level_boxes

# Four minutes of uncompressed 48 kHz sound, which has a sample entry every 1/48,000 s.
MAX_SAMPLES = 12_000_000
_MAX_TABLES = 100_000
# Offset of a table's entry count from its name.
_SAMPLE_TABLES = {b"stsz": 12, b"stz2": 12, b"trun": 8}
_EDIT_TABLES = {b"elst": 8}
_COMPRESSED_INDEX = b"cmvd"


def check_index(path: Path) -> None:
    """Limit the samples and edits that a container's index declares; media data is not read.

    Raises:
        InvalidMedia: more than a real clip has, or a compressed index.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        spans = [(start, end) for kind, start, end in read_top_level_boxes(path) if kind != b"mdat"]
        if any(content.find(_COMPRESSED_INDEX, start, end) >= 0 for start, end in spans):
            raise InvalidMedia(FailureReason.UNSUPPORTED_FORMAT, "the index is compressed")
        samples = sum(_entry_counts(content, spans, _SAMPLE_TABLES))
        edits = max(_entry_counts(content, spans, _EDIT_TABLES), default=1)
    if samples * max(1, edits) > MAX_SAMPLES:
        raise InvalidMedia(
            FailureReason.UNSUPPORTED_FORMAT,
            f"the index declares {samples} samples and {edits} edits; their product must be at most {MAX_SAMPLES}",
        )


def _entry_counts(content: mmap.mmap, spans: list[tuple[int, int]], tables: dict[bytes, int]) -> Iterator[int]:
    tables_found = 0
    for start, end in spans:
        for name, offset in tables.items():
            position = content.find(name, start, end)
            while position >= 0:
                tables_found += 1
                if tables_found > _MAX_TABLES:
                    raise InvalidMedia(FailureReason.UNSUPPORTED_FORMAT, f"more than {_MAX_TABLES} tables")
                # A size of 1 means that the real size follows the name, in 8 bytes.
                is_long = content[max(0, position - 4) : position] == b"\0\0\0\1"
                yield _read_count(content, position + offset + 8 * is_long)
                position = content.find(name, position + 4, end)


def _read_count(content: mmap.mmap, position: int) -> int:
    number = content[position : position + 4]
    return int(struct.unpack(">I", number)[0]) if len(number) == 4 else 0
