"""Finds and checks what the worker requires: the ffmpeg program, the watermark and the bumper."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from services.worker import media
from services.worker.errors import StartupError

_ASSETS = Path(__file__).resolve().parent / "assets"
WATERMARK = _ASSETS / "watermark.png"
BUMPER = _ASSETS / "bumper.png"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FFMPEG_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Ffmpeg:
    """A working ffmpeg program."""

    path: Path
    version: str


def find_ffmpeg(variables: Mapping[str, str]) -> Ffmpeg:
    """Return the ffmpeg named by FFMPEG_BINARY, by default that of the package imageio-ffmpeg.

    The PATH is not searched: all workers of a release must encode alike.

    Args:
        variables: environment variables, usually ``os.environ``.

    Raises:
        StartupError: ffmpeg is missing or does not run.
    """
    named = variables.get("FFMPEG_BINARY")
    path = Path(named) if named else _bundled_ffmpeg()
    source = "from FFMPEG_BINARY" if named else "from the package imageio-ffmpeg"
    try:
        answer = subprocess.run(
            [path, "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FFMPEG_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StartupError(
            f"ffmpeg at {path} ({source}) does not run: {error}. "
            "Fix: set FFMPEG_BINARY to a working ffmpeg, or install imageio-ffmpeg's wheel for this platform."
        ) from None
    return Ffmpeg(path.resolve(), answer.stdout.partition("\n")[0])


def find_watermark(path: Path = WATERMARK) -> Path:
    """Return the path of the watermark image.

    Raises:
        StartupError: the file is missing or damaged; no video is published without it.
    """
    return _check_png("watermark", path, (258, 55))


def find_bumper(path: Path = BUMPER) -> Path:
    """Return the path of the bumper image.

    Raises:
        StartupError: the file is missing or damaged; no video is published without it.
    """
    return _check_png("bumper", path, (media.WIDTH, media.HEIGHT))


def _check_png(name: str, path: Path, size: tuple[int, int]) -> Path:
    """Check the size of a PNG and the checksum of each of its chunks (ISO/IEC 15948, 5.3)."""
    fix = "Fix: restore the file, or render it with make_pictures.sh."
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StartupError(f"the {name} {path} cannot be read ({error.strerror}). {fix}") from None
    if not content.startswith(_PNG_SIGNATURE):
        raise StartupError(f"the {name} {path} is not a PNG. {fix}")
    position, kind = len(_PNG_SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", content[position : position + 8].ljust(8, b"\0"))
        end = position + 8 + length
        if content[end : end + 4] != struct.pack(">I", zlib.crc32(content[position + 4 : end])):
            raise StartupError(f"the {name} {path} is damaged at byte {position}. {fix}")
        if kind == b"IHDR" and (found := struct.unpack(">II", content[position + 8 : position + 16])) != size:
            raise StartupError(f"the {name} {path} is {found[0]}x{found[1]}; must be {size[0]}x{size[1]}. {fix}")
        position = end + 4
    return path


def _bundled_ffmpeg() -> Path:
    # Not imageio_ffmpeg.get_ffmpeg_exe(), which silently falls back to conda and the PATH.
    folder = Path(str(resources.files("imageio_ffmpeg"))) / "binaries"
    return next(folder.glob("ffmpeg-*"), folder / "ffmpeg")
