"""Builds the single ffmpeg command that encodes the video, its poster and its preview from a player's file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from services.worker import media
from services.worker.colours import BT709, RGB, to_bt709

_MARGIN = 10
_PRESET = "veryfast"
_CRF = 22
_POSTER_SECOND = 1
_POSTER_QUALITY = 3  # mjpeg's scale: 2 is best, 31 is worst
_PREVIEW_SIZE = (320, 180)
_PREVIEW_SECONDS = 4
_PREVIEW_RATE = 15
_PREVIEW_CRF = 28
# Strip metadata: it reveals where and with which device a clip was filmed.
_NO_METADATA = {"an": None, "sn": None, "dn": None, "map_metadata": -1, "map_chapters": -1}


@dataclass(frozen=True)
class EncodeSettings:
    """Settings that all videos of a worker share.

    Args:
        ffmpeg: path of the program.
        watermark: PNG overlaid in the top right corner.
        bumper: PNG of 1280x720 shown before and after the player's clip.
        max_seconds: maximum length kept of the player's clip, in seconds.
        threads: threads of the decoder, and of the encoder.
    """

    ffmpeg: Path
    watermark: Path
    bumper: Path
    max_seconds: int
    threads: int


def command(settings: EncodeSettings, video_stream: media.VideoStream) -> list[str]:
    """Return the command line to run in the job's folder; it uses the file names of media.py.

    Numbers found by the probe are the only player-controlled values in it.
    """
    rate = frame_rate(video_stream)
    original = ffmpeg.input(
        media.ORIGINAL,
        f=media.DEMUXER,
        **media.DEMUXER_OPTIONS,
        codec_whitelist=",".join(media.CODECS),
        max_pixels=media.MAX_PIXELS,
        max_streams=media.MAX_STREAMS,
        threads=settings.threads,
        # An input option: the rest of a long clip is not read at all.
        t=settings.max_seconds,
    )
    fitted = _fit_frame(original[str(video_stream.index)], video_stream, rate, settings.max_seconds)
    copies = _add_watermark(fitted, settings, rate).split()
    outputs = ffmpeg.merge_outputs(
        # ffmpeg's progress counts the frames of the first output.
        _video_output(_add_bumpers(copies[0], settings.bumper, rate), settings),
        _poster_output(copies[1]),
        _preview_output(copies[2], rate),
    )
    line: list[str] = outputs.global_args("-nostdin", "-hide_banner", "-v", "error", "-progress", "pipe:1").compile(
        cmd=str(settings.ffmpeg), overwrite_output=True
    )
    return line


def frame_rate(video_stream: media.VideoStream) -> Fraction:
    """Return the output frame rate: that of the clip, at most 30."""
    rate = video_stream.frame_rate
    if rate is None or not 1 <= rate <= media.MAX_FRAME_RATE:
        return Fraction(media.MAX_FRAME_RATE)
    return rate


def bumper_frames(rate: Fraction) -> int:
    """Return the number of bumper frames before the player's clip; as many follow it."""
    return math.floor(rate * media.BUMPER_SECONDS)


def _fit_frame(stream: Any, video_stream: media.VideoStream, rate: Fraction, max_seconds: int) -> Any:
    """Cut the clip to its maximum length and scale it into the frame, with black bars."""
    scaled = (
        stream.filter("setpts", "PTS-STARTPTS")
        # Drop surplus frames of high frame rates before the expensive filters.
        .filter("select", f"isnan(prev_selected_t)+gt(round(t*{rate}),round(prev_selected_t*{rate}))")
        .filter(
            "scale",
            media.WIDTH,
            media.HEIGHT,
            force_original_aspect_ratio="decrease",
            force_divisible_by=2,
            # Convert anamorphic video to square pixels.
            reset_sar=1,
            # Convert full-range video of phones and webcams to the range that players expect.
            out_range="limited",
            **({"out_color_matrix": BT709} if video_stream.colours.matrix == RGB else {}),
        )
    )
    framed = _tag_bt709(
        to_bt709(scaled, video_stream.colours)
        .filter("pad", media.WIDTH, media.HEIGHT, "(ow-iw)/2", "(oh-ih)/2", "black")
        .filter("setsar", 1)
    )
    # Last: a frame shown for half a minute is repeated after scaling instead of scaled nine hundred times.
    # Round down: at 29.97 fps the frame that starts just before the limit would end after it.
    return framed.filter("fps", str(rate)).filter("trim", end_frame=math.floor(rate * max_seconds))


def _add_watermark(stream: Any, settings: EncodeSettings, rate: Fraction) -> Any:
    # One second longer than any clip, not endless: ffmpeg would never end for a clip without frames.
    frames = math.floor(rate * (settings.max_seconds + 1))
    watermark = _image_input(settings.watermark, rate, "yuva420p").filter("loop", loop=frames, size=1)
    # An unreadable watermark ends the encode: no video is published without it.
    return ffmpeg.overlay(stream, watermark, eof_action="endall", x=f"W-w-{_MARGIN}", y=str(_MARGIN))


def _add_bumpers(stream: Any, bumper: Path, rate: Fraction) -> Any:
    frames = bumper_frames(rate)
    # Convert the image once, then repeat it: almost free.
    copies = _image_input(bumper, rate, "yuv420p").filter("loop", loop=frames - 1, size=1).split()
    return ffmpeg.concat(copies[0], stream, copies[1])


def _image_input(path: Path, rate: Fraction, pixel_format: str) -> Any:
    """Read one of our PNGs, converted to BT.709."""
    image = ffmpeg.input(str(path), f="png_pipe", protocol_whitelist=media.PROTOCOLS, framerate=str(rate))
    converted = image.filter("scale", out_color_matrix=BT709, out_range="limited").filter("format", pixel_format)
    return _tag_bt709(converted.filter("setsar", 1))


def _tag_bt709(stream: Any) -> Any:
    return stream.filter("setparams", range="limited", color_primaries=BT709, color_trc=BT709, colorspace=BT709)


def _video_output(stream: Any, settings: EncodeSettings) -> Any:
    return ffmpeg.output(
        stream,
        media.PROCESSED,
        f="mp4",
        vcodec="libx264",
        preset=_PRESET,
        crf=_CRF,
        threads=settings.threads,
        movflags="+faststart",
        **_NO_METADATA,
    )


def _poster_output(stream: Any) -> Any:
    """Write the first frame, then overwrite it with the frame at the poster's second, if the clip is that long."""
    chosen = (
        # End early: ffmpeg feeds the output that lags behind and would buffer the whole video for this one.
        stream.filter("trim", end=_POSTER_SECOND + 1)
        .filter("select", f"eq(n,0)+gte(t,{_POSTER_SECOND})*lt(prev_selected_t,{_POSTER_SECOND})")
        # JFIF supports no other matrix and range.
        .filter("scale", out_color_matrix="bt601", out_range="full")
    )
    return ffmpeg.output(
        chosen,
        media.POSTER,
        f="image2",
        update=1,
        vcodec="mjpeg",
        pix_fmt="yuvj420p",
        **{"qscale:v": _POSTER_QUALITY, "fps_mode": "passthrough"},
        map_metadata=-1,
    )


def _preview_output(stream: Any, rate: Fraction) -> Any:
    """Encode the first seconds, small and silent, for lists."""
    preview = stream.filter("trim", end=_PREVIEW_SECONDS)
    if rate > _PREVIEW_RATE:
        preview = preview.filter("fps", _PREVIEW_RATE)
    preview = preview.filter("scale", *_PREVIEW_SIZE)
    return ffmpeg.output(
        preview,
        media.PREVIEW,
        f="mp4",
        vcodec="libx264",
        preset=_PRESET,
        crf=_PREVIEW_CRF,
        threads=1,
        movflags="+faststart",
        **_NO_METADATA,
    )
