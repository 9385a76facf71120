"""What the original does with a clip: three commands, two of them copies. Our own emulation of its settings."""

from __future__ import annotations

from services.worker import media
from services.worker.pipeline import EncodeSettings

_GRAPH = (
    "[0:v]scale='min(1280,iw)':'min(720,ih)':force_original_aspect_ratio=decrease,"
    "pad=1280:720:(ow-iw)/2:(oh-ih)/2:black[v];[v][1:v]overlay=W-w-10:10[out]"
)


def commands(settings: EncodeSettings) -> list[list[str]]:
    """The command lines, to be run in a folder that holds the clip; the last one is the encode.

    Args:
        settings: for the program, the watermark and the length.
    """
    start = [str(settings.ffmpeg), "-nostdin", "-hide_banner", "-v", "error", "-y"]
    return [
        [*start, "-ss", "0", "-i", media.ORIGINAL, "-t", str(settings.max_seconds), "-c", "copy", "trimmed.mp4"],
        [*start, "-i", "trimmed.mp4", "-an", "-c:v", "copy", "silent.mp4"],
        [*start, "-i", "silent.mp4", "-i", str(settings.watermark), "-filter_complex", _GRAPH, "-map", "[out]"]
        + ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "28", "-tune", "fastdecode", "-threads", "0"]
        + ["-movflags", "+faststart", "-an", media.PROCESSED],
    ]
