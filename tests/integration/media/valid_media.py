"""The corpus of valid clips: formats of phones, cameras and editors, each a second or two long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from services.worker.colours import BT2020, HLG, PQ, Colours
from tests.integration.services.worker.clips import create_clip, write_cached

_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le")


@dataclass(frozen=True, kw_only=True)
class ValidClip:
    """A clip, and the expected properties of its video.

    Args:
        create: writes the clip to a path.
        seconds: expected length of the clip in the video.
        rate: expected frames per second.
        ending: file name extension.
        colours: expected result of the probe; None for BT.709.
        bars: allowed colour difference of testsrc2's bars after processing; None to skip the check.
    """

    create: Callable[[Path], object]
    seconds: float
    rate: Fraction = Fraction(30)
    ending: str = "mp4"
    colours: Colours | None = None
    bars: int | None = None


def _plain(size: str, **options: object) -> Callable[[Path], object]:
    return lambda path: create_clip(path, size, **{"seconds": 1, "source": "testsrc2", **options})  # type: ignore[arg-type]


def _hdr(transfer: str, *, nits: str = "npl=203") -> Callable[[Path], object]:
    """Return a function that writes testsrc2 as 10-bit BT.2020, with reference white as bright as SDR's white."""

    def create(path: Path) -> None:
        conversion = f"zscale=tin=bt709:pin=bt709:min=gbr:rin=full:t={transfer}:p=bt2020:m=bt2020nc:r=limited:{nits}"
        x265_params = f"log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
        write_cached(
            *("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30", "-t", "1"),
            *("-vf", f"format=gbrpf32le,{conversion},format=yuv420p10le", *_HEVC, "-x265-params", x265_params, path),
        )

    return create


def _turned(path: Path) -> None:
    stored = create_clip(path.with_name("stored.mp4"), "1920x1080", seconds=1)
    write_cached("-display_rotation", "90", "-i", stored, "-c", "copy", path)


def _uneven(path: Path) -> None:
    # 30 frames in the first second, then every seventh, as phones do in the dark.
    create_clip(path, "1280x720", seconds=2, extra=("-vf", "select='lt(n,30)+not(mod(n,7))'", "-fps_mode", "vfr"))


def _many_streams(path: Path) -> None:
    video, words = (
        create_clip(path.with_name("one.mp4"), "1280x720", seconds=1, sound=True),
        path.with_name("words.srt"),
    )
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nTriple doble\n")
    write_cached(
        *("-i", video, "-i", video, "-i", words, "-map", "0:v", "-map", "0:a", "-map", "1:a", "-map", "1:v"),
        *("-map", "2:s", "-c", "copy", "-c:s", "mov_text", path),
    )


def _without_duration(path: Path) -> None:
    create_clip(
        path, "1280x720", seconds=2, extra=("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "15")
    )


VALID_CLIPS = {
    "portrait": ValidClip(create=_plain("1080x1920", sound=True), seconds=1),
    "display rotation": ValidClip(create=_turned, seconds=1),
    "anamorphic": ValidClip(create=_plain("1440x1080", extra=("-vf", "setsar=4/3")), seconds=1),
    "4K": ValidClip(create=_plain("3840x2160", seconds=0.6), seconds=0.6),
    "240 fps": ValidClip(create=_plain("640x360", rate="240"), seconds=1),
    "59.94 fps": ValidClip(create=_plain("1280x720", rate="60000/1001"), seconds=1),
    "29.97 fps": ValidClip(create=_plain("1280x720", rate="30000/1001"), seconds=1, rate=Fraction(30000, 1001)),
    "25 fps": ValidClip(create=_plain("1280x720", rate="25"), seconds=1, rate=Fraction(25)),
    "variable rate": ValidClip(create=_uneven, seconds=2),
    "HDR10": ValidClip(create=_hdr("smpte2084"), seconds=1, colours=Colours(BT2020, PQ, BT2020), bars=60),
    "HLG": ValidClip(create=_hdr("arib-std-b67"), seconds=1, colours=Colours(BT2020, HLG, BT2020), bars=60),
    "10-bit SDR": ValidClip(
        create=_plain("1280x720", codec=(*_HEVC, "-x265-params", "log-level=error")), seconds=1, bars=12
    ),
    "BT.2020 SDR": ValidClip(create=_hdr("bt2020-10", nits="npl=100"), seconds=1, bars=60),
    "BT.601 in HD": ValidClip(create=_plain("1280x720", extra=("-colorspace", "smpte170m")), seconds=1, bars=12),
    "full range": ValidClip(create=_plain("1280x720", codec=(*_H264[:-1], "yuvj420p")), seconds=1, bars=12),
    "4:4:4": ValidClip(create=_plain("1280x720", codec=(*_H264[:-1], "yuv444p")), seconds=1),
    "sound": ValidClip(create=_plain("1280x720", sound=True), seconds=1),
    "many streams": ValidClip(create=_many_streams, seconds=1),
    "odd size": ValidClip(create=_plain("853x481", codec=(*_H264[:-1], "yuv444p")), seconds=1),
    "no duration in header": ValidClip(create=_without_duration, seconds=2),
    "mov": ValidClip(create=_plain("1280x720"), seconds=1, ending="mov"),
    "m4v": ValidClip(create=_plain("1280x720"), seconds=1, ending="m4v"),
    "3gp": ValidClip(create=_plain("352x288", codec=("-c:v", "h263")), seconds=1, ending="3gp"),
}
