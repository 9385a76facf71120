"""Finds what the worker cannot work without: the ffmpeg program and the watermark."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from services.worker.problems import StartProblem

WATERMARK = Path(__file__).resolve().parent / "assets" / "watermark.png"
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
        StartProblem: it is missing or does not run.
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
        raise StartProblem(
            f"ffmpeg at {path} ({source}) does not run: {error}. "
            "Name one that does in FFMPEG_BINARY, or install imageio-ffmpeg's wheel for this platform."
        ) from None
    return Ffmpeg(path.resolve(), answer.stdout.partition("\n")[0])


def find_watermark(path: Path = WATERMARK) -> Path:
    """The picture that every video carries.

    Raises:
        StartProblem: it is missing or not a PNG; no video is ever published without it.
    """
    try:
        with path.open("rb") as file:
            good = file.read(len(_PNG)) == _PNG
    except OSError as error:
        raise StartProblem(
            f"the watermark {path} cannot be read ({error.strerror}); "
            "restore it, or make it again with make_watermark.sh"
        ) from None
    if not good:
        raise StartProblem(f"the watermark {path} is not a PNG; restore it, or make it again with make_watermark.sh")
    return path


def _bundled() -> Path:
    # Not imageio_ffmpeg.get_ffmpeg_exe(): it falls back to conda's and the PATH's without a word.
    folder = Path(str(resources.files("imageio_ffmpeg"))) / "binaries"
    return next(folder.glob("ffmpeg-*"), folder / "ffmpeg")
