"""The one ffmpeg command that makes a video, its poster and its preview from a player's file."""

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
_POSTER_QUALITY = 3  # mjpeg's scale: 2 is the best, 31 the worst
_PREVIEW_SIZE = (320, 180)
_PREVIEW_SECONDS = 4
_PREVIEW_RATE = 15
_PREVIEW_CRF = 28
# Where and with what a clip was filmed is nobody's business.
_BARE = {"an": None, "sn": None, "dn": None, "map_metadata": -1, "map_chapters": -1}


@dataclass(frozen=True)
class EncodeSettings:
    """What is the same for all videos of a worker.

    Args:
        ffmpeg: the program.
        watermark: PNG put into the top right corner.
        curtain: PNG of the frame's size, seen before and after the player's clip.
        max_seconds: how much of the player's clip is kept.
        threads: threads of the decoder and of the encoder.
    """

    ffmpeg: Path
    watermark: Path
    curtain: Path
    max_seconds: int
    threads: int


def command(recipe: EncodeSettings, picture: media.VideoStream) -> list[str]:
    """The command line, to be run in the job's folder; it reads and writes media.py's file names.

    Nothing of the player's is in it but numbers that the probe found.
    """
    rate = frame_rate(picture)
    original = ffmpeg.input(
        media.ORIGINAL,
        f=media.DEMUXER,
        **media.DEMUXER_OPTIONS,
        codec_whitelist=",".join(media.CODECS),
        max_pixels=media.MAX_PIXELS,
        max_streams=media.MAX_STREAMS,
        threads=recipe.threads,
        # Before the input: the rest of a long clip is not even read.
        t=recipe.max_seconds,
    )
    fitted = _fitted(original[str(picture.stream)], picture, rate, recipe.max_seconds)
    copies = _marked(fitted, recipe, rate).split()
    outputs = ffmpeg.merge_outputs(
        # The first one's pictures are those that ffmpeg's progress counts.
        _video(_between_curtains(copies[0], recipe.curtain, rate), recipe),
        _poster(copies[1]),
        _preview(copies[2], rate),
    )
    line: list[str] = outputs.global_args("-nostdin", "-hide_banner", "-v", "error", "-progress", "pipe:1").compile(
        cmd=str(recipe.ffmpeg), overwrite_output=True
    )
    return line


def frame_rate(picture: media.VideoStream) -> Fraction:
    """Pictures a second of the result: the player's own rate, at most 30."""
    rate = picture.frame_rate
    if rate is None or not 1 <= rate <= media.MAX_FRAME_RATE:
        return Fraction(media.MAX_FRAME_RATE)
    return rate


def curtain_frames(rate: Fraction) -> int:
    """Pictures of the curtain before the player's clip, and as many after it."""
    return math.floor(rate * media.CURTAIN_SECONDS)


def _fitted(stream: Any, picture: media.VideoStream, rate: Fraction, max_seconds: int) -> Any:
    """The beginning of the player's picture in the frame, as large as it fits, black around it."""
    scaled = (
        stream.filter("setpts", "PTS-STARTPTS")
        # Before all that costs: of a fast camera's pictures only those that are kept are scaled.
        .filter("select", f"isnan(prev_selected_t)+gt(round(t*{rate}),round(prev_selected_t*{rate}))")
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
            **({"out_color_matrix": BT709} if picture.colours.matrix == RGB else {}),
        )
    )
    framed = _tagged(
        to_bt709(scaled, picture.colours)
        .filter("pad", media.WIDTH, media.HEIGHT, "(ow-iw)/2", "(oh-ih)/2", "black")
        .filter("setsar", 1)
    )
    # After it: a picture that stands for half a minute is repeated as it is, and not scaled nine hundred times at once.
    # At 29.97 the picture that begins just before the limit would end after it.
    return framed.filter("fps", str(rate)).filter("trim", end_frame=math.floor(rate * max_seconds))


def _marked(stream: Any, recipe: EncodeSettings, rate: Fraction) -> Any:
    # A second longer than any clip, and not for ever: ffmpeg would never end where a clip has no picture.
    frames = math.floor(rate * (recipe.max_seconds + 1))
    mark = _still(recipe.watermark, rate, "yuva420p").filter("loop", loop=frames, size=1)
    # A mark that cannot be read ends everything with it: no video is ever made without.
    return ffmpeg.overlay(stream, mark, eof_action="endall", x=f"W-w-{_MARGIN}", y=str(_MARGIN))


def _between_curtains(stream: Any, curtain: Path, rate: Fraction) -> Any:
    frames = curtain_frames(rate)
    # Converted once, then repeated: the curtain costs little more than nothing.
    shown = _still(curtain, rate, "yuv420p").filter("loop", loop=frames - 1, size=1).split()
    return ffmpeg.concat(shown[0], stream, shown[1])


def _still(path: Path, rate: Fraction, pixel_format: str) -> Any:
    """A picture of ours, its colours those of the player's clip."""
    picture = ffmpeg.input(str(path), f="png_pipe", protocol_whitelist=media.PROTOCOLS, framerate=str(rate))
    converted = picture.filter("scale", out_color_matrix=BT709, out_range="limited").filter("format", pixel_format)
    return _tagged(converted.filter("setsar", 1))


def _tagged(stream: Any) -> Any:
    return stream.filter("setparams", range="limited", color_primaries=BT709, color_trc=BT709, colorspace=BT709)


def _video(stream: Any, recipe: EncodeSettings) -> Any:
    return ffmpeg.output(
        stream,
        media.PROCESSED,
        f="mp4",
        vcodec="libx264",
        preset=_PRESET,
        crf=_CRF,
        threads=recipe.threads,
        movflags="+faststart",
        **_BARE,
    )


def _poster(stream: Any) -> Any:
    """The first picture, then over it the first one from the poster's second on: short clips have one too."""
    chosen = (
        # It ends early, or ffmpeg, which serves the output that lags behind, would hold the whole video for it.
        stream.filter("trim", end=_POSTER_SECOND + 1)
        .filter("select", f"eq(n,0)+gte(t,{_POSTER_SECOND})*lt(prev_selected_t,{_POSTER_SECOND})")
        # JFIF knows nothing else.
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


def _preview(stream: Any, rate: Fraction) -> Any:
    """The first seconds, small and silent, for lists."""
    shown = stream.filter("trim", end=_PREVIEW_SECONDS)
    if rate > _PREVIEW_RATE:
        shown = shown.filter("fps", _PREVIEW_RATE)
    shown = shown.filter("scale", *_PREVIEW_SIZE)
    return ffmpeg.output(
        shown,
        media.PREVIEW,
        f="mp4",
        vcodec="libx264",
        preset=_PRESET,
        crf=_PREVIEW_CRF,
        threads=1,
        movflags="+faststart",
        **_BARE,
    )
