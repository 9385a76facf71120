"""Limits on players' files, file names in a job's folder, and the output format."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from services.worker.colours import Colours

ORIGINAL = "in.mp4"
PROCESSED = "out.mp4"
POSTER = "poster.jpg"
PREVIEW = "preview.mp4"

WIDTH = 1280
HEIGHT = 720
MAX_FRAME_RATE = 30
BUMPER_SECONDS = 2
"""Duration of the bumper before the player's clip, and again after it."""

MAX_PIXELS = 4096 * 2304
MAX_STREAMS = 8
MIN_SECONDS = 0.5
# ffmpeg's names of the decoders that phones' and cameras' files need.
CODECS = ("h264", "hevc", "mpeg4", "vp9", "av1", "libdav1d", "mjpeg", "h263")
# The demuxer is fixed: if ffmpeg guesses, a text file named .mp4 can make it read another player's file.
DEMUXER = "mov"
PROTOCOLS = "file"
# The last two are the demuxer's defaults: never read frames from a file that a clip references.
DEMUXER_OPTIONS = {"protocol_whitelist": PROTOCOLS, "enable_drefs": "0", "use_absolute_path": "0"}


@dataclass(frozen=True)
class VideoStream:
    """The video stream to process, as found by the probe.

    Args:
        index: index of the stream in the file.
        codec: ffmpeg's name of the codec.
        width: coded width in pixels, before rotation.
        height: coded height in pixels, before rotation.
        frame_rate: frames per second; None if unknown.
        seconds: duration; None if unknown.
        pixel_format: ffmpeg's name of the pixel format; None if unknown.
        colours: colour metadata.
    """

    index: int
    codec: str
    width: int
    height: int
    frame_rate: Fraction | None
    seconds: float | None
    pixel_format: str | None
    colours: Colours
