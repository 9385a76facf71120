"""What is accepted from players and what is made of it: the numbers and names of both."""

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
CURTAIN_SECONDS = 2
"""How long the curtain is seen before the player's clip, and again after it."""

MAX_PIXELS = 4096 * 2304
MAX_STREAMS = 8
MIN_SECONDS = 0.5
# One name for each decoder that phones and cameras need; also ffmpeg's own name of the codec.
CODECS = ("h264", "hevc", "mpeg4", "vp9", "av1", "libdav1d", "mjpeg", "h263")
# The demuxer is named, never guessed: a text file called .mp4 can make ffmpeg play another tenant's file.
DEMUXER = "mov"
PROTOCOLS = "file"
# The last two are the demuxer's defaults: pictures are never read from a file that a clip names.
DEMUXER_OPTIONS = {"protocol_whitelist": PROTOCOLS, "enable_drefs": "0", "use_absolute_path": "0"}


@dataclass(frozen=True)
class VideoStream:
    """The video stream that is going to be processed, as the probe saw it.

    Args:
        stream: index of the stream in the file.
        codec: ffmpeg's name of the codec.
        width: pixels as coded, before rotation.
        height: pixels as coded, before rotation.
        frame_rate: pictures a second; None where the file does not say.
        seconds: length; None where the file does not say.
        pixel_format: ffmpeg's name of how pixels are stored; None where it cannot be found.
        colours: what the numbers of its pixels mean.
    """

    stream: int
    codec: str
    width: int
    height: int
    frame_rate: Fraction | None
    seconds: float | None
    pixel_format: str | None
    colours: Colours
