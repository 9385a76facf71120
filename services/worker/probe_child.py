"""Reads a stranger's file with PyAV and prints what it holds as JSON; a confined process runs it.

It ends with code 0 and a line of JSON, or with code 3 and the reason why libav refused the file.
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
_PACKETS = 8


def main(path: str) -> int:
    options = {**media.DEMUXER_OPTIONS, "codec_whitelist": ",".join(media.CODECS)}
    try:
        # Titles and brands are anybody's bytes; none of them is a reason to refuse a video.
        with av.open(path, format=media.DEMUXER, options=options, metadata_errors="replace") as container:
            videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
            streams = [_described(stream) for stream in videos]
            seconds = container.duration / av.time_base if container.duration else None
            rotation = None
            if streams:
                unsaid = not (streams[0]["seconds"] or seconds)
                rotation, counted = _read(container, videos[0], count=unsaid)
                seconds = counted if unsaid else seconds
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


def _described(stream: VideoStream) -> dict[str, object]:
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


def _read(container: InputContainer, stream: VideoStream, *, count: bool) -> tuple[int | None, float | None]:
    """How players turn the picture, which libav tells with the first one that it decodes; and how long the stream is.

    Args:
        count: whether its length is asked for, which its header does not say: every packet's time is read then.
    """
    decodable = stream.codec_context.width * stream.codec_context.height <= media.MAX_PIXELS
    rotation: int | None = None
    first, last = math.inf, -math.inf
    try:
        for number, packet in enumerate(container.demux(stream)):
            wanted = decodable and rotation is None and number < _PACKETS
            if not (wanted or count):
                break
            if packet.pts is not None:
                first, last = min(first, packet.pts), max(last, packet.pts + (packet.duration or 0))
            if wanted:
                rotation = next((int(frame.rotation) for frame in packet.decode()), None)
    except av.FFmpegError:
        pass  # Whether the pictures can be read is for the encoder to find out.
    length = float((last - first) * stream.time_base) if last > first and stream.time_base else None
    return rotation, length


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
