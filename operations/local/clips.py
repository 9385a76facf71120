"""Clips for the demo and the tests: a ball bouncing over a painted court, rendered with ffmpeg.

Encoded files are cached under .anb by a hash of the arguments, the input files and the version of ffmpeg.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import imageio_ffmpeg

from workspace import paths

FOLDER = paths.CACHE_DIR / "clips"
_CACHE_BYTES = 2 * 2**30
_CACHE_SECONDS = 60 * 86_400

BLUE, GREEN, CLAY, PLUM, SAND = "0x0d3f86", "0x0f6b4f", "0xa8442a", "0x4b2467", "0x8a6a3b"


def make_clip(path: Path, *, seconds: float, size: str = "1280x720", floor: str = BLUE) -> Path:
    """Render a clip with a moving picture and a tone. A portrait clip shows the court rotated.

    Args:
        path: File to write.
        seconds: Duration in seconds.
        size: Width x height in pixels.
        floor: Colour of the court, in ffmpeg's syntax.
    """
    ball = (
        "color=c=0xf4761f:s=150x150:r=30,format=rgba,"
        "geq=r='if(lt(abs(X-75),4)+lt(abs(Y-75),4),6,244)':g='if(lt(abs(X-75),4)+lt(abs(Y-75),4),26,118)':"
        "b='if(lt(abs(X-75),4)+lt(abs(Y-75),4),56,31)':a='255*lte(hypot(X-75,Y-75),74)',loop=-1:1:0"
    )
    width, height = (int(side) for side in size.split("x"))
    rotation = ",transpose=cclock" if width < height else ""
    court = (
        f"color=c={floor}:s={max(width, height)}x{min(width, height)}:r=30,"
        "drawbox=x=iw*0.05:y=ih*0.08:w=iw*0.9:h=ih*0.84:c=0xffc72c:t=6,"
        "drawbox=x=iw*0.05:y=ih*0.32:w=iw*0.3:h=ih*0.36:c=0xc23c08:t=fill,"
        "drawbox=x=iw*0.05:y=ih*0.32:w=iw*0.3:h=ih*0.36:c=0xffc72c:t=6,"
        "drawbox=x=iw*0.5-3:y=ih*0.08:w=6:h=ih*0.84:c=0xffc72c:t=fill"
        f"{rotation}"
    )
    position = "x='(W-w)*(0.55+0.35*sin(t*1.3+1.4))':y='(H-h)*(0.86-0.62*abs(sin(t*3+0.6)))'"
    graph = f"{court}[court];{ball}[ball];[court][ball]overlay={position}[out]"
    arguments = ["-filter_complex", graph, "-f", "lavfi", "-i", "sine=frequency=330", "-map", "[out]", "-map", "0:a"]
    arguments += ["-t", str(seconds), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
    return encode(imageio_ffmpeg.get_ffmpeg_exe(), arguments, path)


def encode(program: str | Path, arguments: Sequence[str | Path], path: Path, *, folder: Path = FOLDER) -> Path:
    """Encode a file with ffmpeg, or copy the cached result of the same inputs and the same ffmpeg.

    Args:
        program: ffmpeg.
        arguments: All arguments but the output; each `Path` is an input file, hashed by its content.
        path: File to write.
        folder: Cache folder.

    Raises:
        subprocess.CalledProcessError: ffmpeg failed.
    """
    inputs = [_digest(argument) if isinstance(argument, Path) else argument for argument in arguments]
    cached = folder / f"{hashlib.sha256(json.dumps([_version(program), *inputs]).encode()).hexdigest()}{path.suffix}"
    try:
        os.utime(cached)
        shutil.copyfile(cached, path)
        return path
    except FileNotFoundError:
        pass
    command = [str(program), "-nostdin", "-y", "-loglevel", "error", *map(str, arguments), str(path)]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    folder.mkdir(parents=True, exist_ok=True)
    _evict_old_files(folder)
    # Replace atomically: other processes may read or write the same file.
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as copy:
        shutil.copyfile(path, copy.name)
    os.replace(copy.name, cached)
    return path


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _version(program: str | Path) -> str:
    return subprocess.run(
        [program, "-version"], stdin=subprocess.DEVNULL, capture_output=True, check=True, text=True
    ).stdout


def _evict_old_files(folder: Path) -> None:
    """Delete files not used for two months, and the least recently used ones above the size limit."""
    remaining, now = _CACHE_BYTES, time.time()
    files = [(entry.stat(), Path(entry.path)) for entry in os.scandir(folder)]
    for status, path in sorted(files, key=lambda item: item[0].st_mtime, reverse=True):
        remaining -= status.st_size
        if remaining < 0 or now - status.st_mtime > _CACHE_SECONDS:
            path.unlink(missing_ok=True)
