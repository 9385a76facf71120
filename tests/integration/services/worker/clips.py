"""Clips made with ffmpeg, and what a finished video is, seen by PyAV."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame

from operations.local.clips import encode
from services.worker.toolchain import find_ffmpeg

FFMPEG = find_ffmpeg(os.environ).path

COLOURS = ("-colorspace", "bt709")
"""What clips are encoded in and say they are, unless they are given others."""


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg as a person would."""
    command = [FFMPEG, "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def write(*arguments: str | Path) -> None:
    """Run ffmpeg, or copy what it wrote before: the last argument is the output, other paths are its inputs."""
    *given, path = arguments
    assert isinstance(path, Path)
    encode(FFMPEG, given, path)


def make(
    path: Path,
    size: str,
    *,
    seconds: float = 2,
    rate: str = "30",
    sound: bool = False,
    source: str = "testsrc2",
    codec: tuple[str, ...] = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    extra: tuple[str, ...] = (),
) -> Path:
    """Make a clip.

    Args:
        path: where it goes; its ending chooses the container.
        size: such as 1920x1080.
        seconds: its length.
        rate: pictures a second.
        sound: whether it has a sound track too.
        source: ffmpeg's source of pictures; one with a colour, such as ``color=red``, takes it after the size.
        codec: how its pictures are encoded.
        extra: more output options.
    """
    name, _, colour = source.partition("=")
    pictures = f"{name}=s={size}:r={rate}" + (f":c={colour}" if colour else "")
    tone = ["-f", "lavfi", "-i", "sine=frequency=440"] if sound else []
    write("-f", "lavfi", "-i", pictures, *tone, "-t", str(seconds), *codec, *COLOURS, "-shortest", *extra, path)
    return path


@dataclass(frozen=True)
class Seen:
    """What a file is."""

    width: int
    height: int
    codec: str
    pixel_format: str
    seconds: float
    rate: Fraction
    shape: Fraction
    kinds: tuple[str, ...]
    metadata: dict[str, str]
    frames: int
    faststart: bool


def look(path: Path) -> Seen:
    """What a video file is, every frame decoded."""
    content = path.read_bytes()
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frames = [frame.time for frame in container.decode(video)]
        rate = video.average_rate
        assert rate is not None and container.duration is not None
        return Seen(
            width=video.codec_context.width,
            height=video.codec_context.height,
            codec=video.codec_context.name,
            pixel_format=str(video.codec_context.pix_fmt),
            seconds=container.duration / av.time_base,
            rate=rate,
            shape=video.sample_aspect_ratio or Fraction(1),
            kinds=tuple(stream.type for stream in container.streams),
            metadata={**container.metadata, **video.metadata},
            frames=len(frames),
            faststart=content.index(b"moov") < content.index(b"mdat"),
        )


def frame_at(path: Path, index: int = 0) -> VideoFrame:
    """One frame of a video or picture file, in RGB."""
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == index:
                return frame.reformat(format="rgb24")
    raise IndexError(index)


def colour(frame: VideoFrame, x: int, y: int, *, size: int = 8) -> tuple[int, int, int]:
    """The mean colour of a square of a frame."""
    plane = frame.planes[0]
    data, width = bytes(plane), plane.line_size
    pixels = [data[row * width + 3 * column :][:3] for row in range(y, y + size) for column in range(x, x + size)]
    red, green, blue = (sum(pixel[channel] for pixel in pixels) // len(pixels) for channel in range(3))
    return red, green, blue
