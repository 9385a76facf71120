"""Reads a stranger's file with PyAV and prints what it holds as JSON; a confined process runs it.

It ends with code 0 and a line of JSON, or with code 3 and the reason why libav refused the file.
"""

from __future__ import annotations

import json
import sys

import av
from av.stream import Disposition

REFUSED = 3


def main(path: str, demuxer: str, protocols: str, codecs: str) -> int:
    options = {"protocol_whitelist": protocols, "codec_whitelist": codecs}
    try:
        with av.open(path, format=demuxer, options=options) as container:
            streams = [
                {
                    "index": stream.index,
                    "codec": stream.codec_context.name,
                    "width": stream.codec_context.width,
                    "height": stream.codec_context.height,
                    "frame_rate": str(stream.guessed_rate) if stream.guessed_rate else None,
                    "seconds": float(stream.duration * stream.time_base)
                    if stream.duration and stream.time_base
                    else None,
                }
                for stream in container.streams.video
                if not stream.disposition & Disposition.attached_pic
            ]
            found = {
                "streams": len(container.streams),
                "video": streams,
                "seconds": container.duration / av.time_base if container.duration else None,
            }
    except (av.FFmpegError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return REFUSED
    print(json.dumps(found))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
