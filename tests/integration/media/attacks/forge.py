"""Forges MP4 files: builds boxes, and replaces boxes of a valid clip with malicious ones.

Box structure: ISO/IEC 14496-12, 4.2; alias records: Apple's QuickTime File Format, "data reference atoms".
"""

from __future__ import annotations

import struct
from collections.abc import Callable

Change = Callable[[bytes], bytes]


def box(kind: bytes, content: bytes = b"") -> bytes:
    """Build a box."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def table(kind: bytes, count: int, content: bytes = b"", *, before: bytes = b"") -> bytes:
    """Build a box with an entry count, which may be wrong.

    Args:
        before: fields between the version and the count.
    """
    return box(kind, bytes(4) + before + struct.pack(">I", count) + content)


def replace_box(content: bytes, path: str, change: Change) -> bytes:
    """Replace the first box at a path and adjust the sizes of the boxes around it.

    Args:
        path: box kinds from the top level down, such as ``moov/trak/mdia``.
        change: maps the content of the box to the bytes that replace the whole box.
    """
    kind, _, rest = path.partition("/")
    position = 0
    while position < len(content):
        size, found = struct.unpack_from(">I4s", content, position)
        if found.decode("latin-1") == kind:
            inner = content[position + 8 : position + size]
            new = box(found, replace_box(inner, rest, change)) if rest else change(inner)
            return content[:position] + new + content[position + size :]
        position += size
    raise LookupError(path)


def content_of(content: bytes, path: str) -> bytes:
    """Return the content of a box."""
    found = []
    replace_box(content, path, lambda inner: found.append(inner) or inner)  # type: ignore[func-returns-value]
    return found[0]


def with_fields(kind: bytes, *fields: tuple[int, bytes]) -> Change:
    """Return a change that overwrites bytes at positions of a box."""

    def change(inner: bytes) -> bytes:
        changed = bytearray(inner)
        for position, value in fields:
            changed[position : position + len(value)] = value
        return box(kind, bytes(changed))

    return change


def data_reference(kind: bytes, content: bytes, *, elsewhere: bool = True) -> bytes:
    """Build a ``dref`` that places the media data in another file."""
    flags = bytes(3) + bytes([0 if elsewhere else 1])
    return table(b"dref", 1, box(kind, flags + content))


def alias(path: str, *, levels_up: int) -> bytes:
    """Build an alias record with an absolute path, and the number of levels up to the common folder."""
    name = path.encode()
    record = bytes(10) + bytes(28) + bytes(12) + bytes(64) + bytes(16)
    record += struct.pack(">hh", levels_up, path.count("/")) + bytes(16)
    padded = name + bytes(len(name) % 2)
    record += struct.pack(">hh", 2, len(name)) + padded + struct.pack(">hh", -1, 0)
    return data_reference(b"alis", record + bytes(max(0, 200 - len(record))))


def nested(kind: bytes, depth: int) -> bytes:
    """Build nested boxes."""
    size = 8 * depth
    return b"".join(struct.pack(">I4s", size - 8 * level, kind) for level in range(depth))
