"""The one ffmpeg command that makes a video and its poster from a player's file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from services.worker import media

_MARGIN = 10
_PRESET = "veryfast"
_CRF = 23
_POSTER_SECOND = 1
_POSTER_QUALITY = 3  # mjpeg's scale: 2 is the best, 31 the worst


@dataclass(frozen=True)
class Recipe:
    """What is the same for all videos of a worker.

    Args:
        ffmpeg: the program.
        watermark: PNG put into the top right corner.
        max_seconds: how much of the player's clip is kept.
        threads: threads of the decoder and of the encoder.
    """

    ffmpeg: Path
    watermark: Path
    max_seconds: int
    threads: int


def command(recipe: Recipe, picture: media.Picture) -> list[str]:
    """The command line, to be run in the job's folder; it reads and writes media.py's file names.

    Nothing of the player's is in it but numbers that the probe found.
    """
    original = ffmpeg.input(
        media.ORIGINAL,
        f=media.DEMUXER,
        protocol_whitelist=media.PROTOCOLS,
        codec_whitelist=",".join(media.CODECS),
        max_pixels=media.MAX_PIXELS,
        max_streams=media.MAX_STREAMS,
        threads=recipe.threads,
        # Before the input: the rest of a long clip is not even read.
        t=recipe.max_seconds,
    )
    watermark = ffmpeg.input(str(recipe.watermark), f="png_pipe", protocol_whitelist=media.PROTOCOLS)
    marked = ffmpeg.overlay(
        _fitted(original[str(picture.stream)], picture, recipe.max_seconds),
        watermark,
        x=f"W-w-{_MARGIN}",
        y=str(_MARGIN),
    ).filter("format", "yuv420p")
    copies = marked.split()
    outputs = ffmpeg.merge_outputs(_video(copies[0], recipe), _poster(copies[1]))
    line: list[str] = outputs.global_args("-nostdin", "-hide_banner", "-v", "error", "-progress", "pipe:1").compile(
        cmd=str(recipe.ffmpeg), overwrite_output=True
    )
    return line


def frame_rate(picture: media.Picture) -> Fraction:
    """Pictures a second of the result: the player's own rate, at most 30."""
    rate = picture.frame_rate
    if rate is None or not 1 <= rate <= media.MAX_FRAME_RATE:
        return Fraction(media.MAX_FRAME_RATE)
    return rate


def _fitted(stream: Any, picture: media.Picture, max_seconds: int) -> Any:
    """The beginning of the player's picture in the frame, as large as it fits, black around it."""
    rate = frame_rate(picture)
    return (
        stream.filter("setpts", "PTS-STARTPTS")
        .filter("fps", str(rate))
        # At 29.97 the picture that begins just before the limit would end after it.
        .filter("trim", end_frame=math.floor(rate * max_seconds))
        .filter(
            "scale",
            media.WIDTH,
            media.HEIGHT,
            force_original_aspect_ratio="decrease",
            force_divisible_by=2,
            # Anamorphic pictures get their true shape.
            reset_sar=1,
            # Phones and webcams that write full-range pictures get the range that players expect.
            out_range="limited",
        )
        .filter("pad", media.WIDTH, media.HEIGHT, "(ow-iw)/2", "(oh-ih)/2", "black")
        .filter("setsar", 1)
    )


def _video(stream: Any, recipe: Recipe) -> Any:
    return ffmpeg.output(
        stream,
        media.PROCESSED,
        f="mp4",
        vcodec="libx264",
        preset=_PRESET,
        crf=_CRF,
        threads=recipe.threads,
        an=None,
        sn=None,
        dn=None,
        # Where and with what a clip was filmed is nobody's business.
        map_metadata=-1,
        map_chapters=-1,
        movflags="+faststart",
    )


def _poster(stream: Any) -> Any:
    """The first picture, then over it the first one from the poster's second on: short clips have one too."""
    chosen = stream.filter("select", f"eq(n,0)+gte(t,{_POSTER_SECOND})*lt(prev_selected_t,{_POSTER_SECOND})")
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
