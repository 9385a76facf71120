"""Finds what the worker cannot work without: the ffmpeg program, the watermark and the curtain."""

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
CURTAIN = _ASSETS / "curtain.png"
_PNG = b"\x89PNG\r\n\x1a\n"
_ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Ffmpeg:
    """An ffmpeg program that was seen to run."""

    path: Path
    version: str


def find_ffmpeg(variables: Mapping[str, str]) -> Ffmpeg:
    """The ffmpeg that FFMPEG_BINARY names, else the one of the package imageio-ffmpeg.

    One that happens to lie on the PATH is not taken: every worker of a release encodes alike.

    Args:
        variables: usually ``os.environ``.

    Raises:
        StartupError: it is missing or does not run.
    """
    named = variables.get("FFMPEG_BINARY")
    path = Path(named) if named else _bundled()
    source = "FFMPEG_BINARY names it" if named else "the package imageio-ffmpeg brings it"
    try:
        answer = subprocess.run(
            [path, "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StartupError(
            f"ffmpeg at {path} ({source}) does not run: {error}. "
            "Name one that does in FFMPEG_BINARY, or install imageio-ffmpeg's wheel for this platform."
        ) from None
    return Ffmpeg(path.resolve(), answer.stdout.partition("\n")[0])


def find_watermark(path: Path = WATERMARK) -> Path:
    """The picture that every video carries.

    Raises:
        StartupError: it is missing or damaged; no video is ever published without it.
    """
    return _whole_picture("watermark", path, (258, 55))


def find_curtain(path: Path = CURTAIN) -> Path:
    """The picture before and after every clip.

    Raises:
        StartupError: it is missing or damaged; no video is ever published without it.
    """
    return _whole_picture("curtain", path, (media.WIDTH, media.HEIGHT))


def _whole_picture(name: str, path: Path, size: tuple[int, int]) -> Path:
    """A PNG of ours, every chunk of it as it was written (ISO/IEC 15948, 5.3)."""
    mend = "restore it, or make it again with make_pictures.sh"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StartupError(f"the {name} {path} cannot be read ({error.strerror}); {mend}") from None
    if not content.startswith(_PNG):
        raise StartupError(f"the {name} {path} is not a PNG; {mend}")
    position, kind = len(_PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", content[position : position + 8].ljust(8, b"\0"))
        end = position + 8 + length
        if content[end : end + 4] != struct.pack(">I", zlib.crc32(content[position + 4 : end])):
            raise StartupError(f"the {name} {path} is damaged at byte {position}; {mend}")
        if kind == b"IHDR" and (found := struct.unpack(">II", content[position + 8 : position + 16])) != size:
            raise StartupError(f"the {name} {path} is {found[0]}x{found[1]}, not {size[0]}x{size[1]}; {mend}")
        position = end + 4
    return path


def _bundled() -> Path:
    # Not imageio_ffmpeg.get_ffmpeg_exe(): it falls back to conda's and the PATH's without a word.
    folder = Path(str(resources.files("imageio_ffmpeg"))) / "binaries"
    return next(folder.glob("ffmpeg-*"), folder / "ffmpeg")
