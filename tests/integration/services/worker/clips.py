"""Creates clips with ffmpeg, and inspects videos with PyAV."""

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
"""Default colour metadata of clips."""


def run_ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg without a sandbox."""
    command = [FFMPEG, "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def write_cached(*arguments: str | Path) -> None:
    """Run ffmpeg, or copy its cached output: the last argument is the output, other paths are inputs."""
    *options, path = arguments
    assert isinstance(path, Path)
    encode(FFMPEG, options, path)


def create_clip(
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
    """Create a clip.

    Args:
        path: output path; the suffix selects the container.
        size: frame size, such as 1920x1080.
        seconds: duration.
        rate: frames per second.
        sound: whether to add a sound track.
        source: ffmpeg's video source, such as ``testsrc2`` or ``color=red``.
        codec: encoder options.
        extra: more output options.
    """
    name, _, colour = source.partition("=")
    video = f"{name}=s={size}:r={rate}" + (f":c={colour}" if colour else "")
    tone = ["-f", "lavfi", "-i", "sine=frequency=440"] if sound else []
    write_cached("-f", "lavfi", "-i", video, *tone, "-t", str(seconds), *codec, *COLOURS, "-shortest", *extra, path)
    return path


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video file."""

    width: int
    height: int
    codec: str
    pixel_format: str
    seconds: float
    rate: Fraction
    pixel_shape: Fraction
    stream_types: tuple[str, ...]
    metadata: dict[str, str]
    frames: int
    faststart: bool


def inspect(path: Path) -> VideoInfo:
    """Return the properties of a video file; decodes every frame."""
    content = path.read_bytes()
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frames = [frame.time for frame in container.decode(video)]
        rate = video.average_rate
        assert rate is not None and container.duration is not None
        return VideoInfo(
            width=video.codec_context.width,
            height=video.codec_context.height,
            codec=video.codec_context.name,
            pixel_format=str(video.codec_context.pix_fmt),
            seconds=container.duration / av.time_base,
            rate=rate,
            pixel_shape=video.sample_aspect_ratio or Fraction(1),
            stream_types=tuple(stream.type for stream in container.streams),
            metadata={**container.metadata, **video.metadata},
            frames=len(frames),
            faststart=content.index(b"moov") < content.index(b"mdat"),
        )


def frame_at(path: Path, index: int = 0) -> VideoFrame:
    """Return one frame of a video or image file, in RGB."""
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == index:
                return frame.reformat(format="rgb24")
    raise IndexError(index)


def mean_colour(frame: VideoFrame, x: int, y: int, *, size: int = 8) -> tuple[int, int, int]:
    """Return the mean colour of a square of a frame."""
    plane = frame.planes[0]
    data, width = bytes(plane), plane.line_size
    pixels = [data[row * width + 3 * column :][:3] for row in range(y, y + size) for column in range(x, x + size)]
    red, green, blue = (sum(pixel[channel] for pixel in pixels) // len(pixels) for channel in range(3))
    return red, green, blue
