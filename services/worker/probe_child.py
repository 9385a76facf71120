"""Inspects an untrusted file with PyAV and prints the result as JSON. Runs in a sandbox.

Exits with code 0 and a line of JSON, or with code 3 and libav's error on standard error.
"""

from __future__ import annotations

import json
import math
import sys

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from services.worker import media

REFUSED = 3
_MAX_PACKETS_FOR_ROTATION = 8


def main(path: str) -> int:
    options = {**media.DEMUXER_OPTIONS, "codec_whitelist": ",".join(media.CODECS)}
    try:
        # Titles and brands may hold invalid text, which is no reason to refuse a video.
        with av.open(path, format=media.DEMUXER, options=options, metadata_errors="replace") as container:
            videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
            streams = [_describe(stream) for stream in videos]
            seconds = container.duration / av.time_base if container.duration else None
            rotation = None
            if streams:
                duration_unknown = not (streams[0]["seconds"] or seconds)
                rotation, measured = _read_packets(container, videos[0], measure_duration=duration_unknown)
                seconds = measured if duration_unknown else seconds
            found = {
                "streams": len(container.streams),
                "sounds": len(container.streams.audio),
                "video": streams,
                "seconds": seconds,
                "rotation": rotation,
            }
    except (av.FFmpegError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return REFUSED
    print(json.dumps(found))  # noqa: T201
    return 0


def _describe(stream: VideoStream) -> dict[str, object]:
    context = stream.codec_context
    return {
        "index": stream.index,
        "codec": context.name,
        "width": context.width,
        "height": context.height,
        "pixel_shape": str(stream.sample_aspect_ratio) if stream.sample_aspect_ratio else None,
        "frame_rate": str(stream.guessed_rate) if stream.guessed_rate else None,
        "seconds": float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None,
        "pixel_format": context.pix_fmt,
        "primaries": context.color_primaries,
        "transfer": context.color_trc,
        "matrix": context.colorspace,
    }


def _read_packets(
    container: InputContainer, stream: VideoStream, *, measure_duration: bool
) -> tuple[int | None, float | None]:
    """Return the rotation, known only after decoding a frame, and the duration of the stream.

    Args:
        measure_duration: whether to read the times of all packets, for files without a duration in the header.
    """
    decodable = stream.codec_context.width * stream.codec_context.height <= media.MAX_PIXELS
    rotation: int | None = None
    first, last = math.inf, -math.inf
    try:
        for number, packet in enumerate(container.demux(stream)):
            needs_frame = decodable and rotation is None and number < _MAX_PACKETS_FOR_ROTATION
            if not (needs_frame or measure_duration):
                break
            if packet.pts is not None:
                first, last = min(first, packet.pts), max(last, packet.pts + (packet.duration or 0))
            if needs_frame:
                rotation = next((int(frame.rotation) for frame in packet.decode()), None)
    except av.FFmpegError:
        pass  # The encoder decides whether the frames are readable.
    length = float((last - first) * stream.time_base) if last > first and stream.time_base else None
    return rotation, length


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
