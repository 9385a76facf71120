"""What the first bytes of a file tell: whether it is an MP4 or QuickTime movie.

ISO/IEC 14496-12, 4.3: such a file begins with a box "ftyp" that names a major brand, a version and the brands it
agrees with, four bytes each. Pictures and sound alone come in the same container under brands of their own.
"""

from __future__ import annotations

import struct

FIRST_BYTES = 16
# HEIF and AVIF (ISO/IEC 23008-12), Canon's raw pictures, JPEG 2000, and Apple's sound files and books.
_OTHER_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"crx ", b"jp2 ", b"jpx ", b"jpm ", b"M4A ", b"M4B ")
)
_LONGEST = 4096


def is_movie(beginning: bytes) -> bool:
    """Whether a file may be a movie.

    Args:
        beginning: its first ``FIRST_BYTES`` bytes, or all of a smaller file.
    """
    if len(beginning) < FIRST_BYTES:
        return False
    length, kind, brand, _version = struct.unpack(">I4s4sI", beginning[:FIRST_BYTES])
    is_file_type = kind == b"ftyp" and FIRST_BYTES <= length <= _LONGEST and length % 4 == 0
    return is_file_type and brand not in _OTHER_BRANDS and brand.isascii() and brand.decode().isprintable()
