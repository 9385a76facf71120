"""The corpus of honest files: what phones, cameras and editors write, each a second or two long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from services.worker.colours import BT2020, HLG, PQ, Colours
from tests.integration.services.worker.clips import make, write

_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le")


@dataclass(frozen=True, kw_only=True)
class Honest:
    """A file and what must become of it.

    Args:
        make: writes it to a path.
        seconds: how much of it is kept.
        rate: pictures a second of the result.
        ending: of its name.
        colours: what the probe must find, where it is more than a camera's BT.709.
        bars: how far a colour of testsrc2's bars may be from its own afterwards; None where they are not looked at.
    """

    make: Callable[[Path], object]
    seconds: float
    rate: Fraction = Fraction(30)
    ending: str = "mp4"
    colours: Colours | None = None
    bars: int | None = None


def _plain(size: str, **wishes: object) -> Callable[[Path], object]:
    return lambda path: make(path, size, **{"seconds": 1, "source": "testsrc2", **wishes})  # type: ignore[arg-type]


def _hdr(transfer: str, *, nits: str = "npl=203") -> Callable[[Path], object]:
    """testsrc2 as a camera of today films it: paper is as bright as SDR's white, ten bits, BT.2020."""

    def film(path: Path) -> None:
        wide = f"zscale=tin=bt709:pin=bt709:min=gbr:rin=full:t={transfer}:p=bt2020:m=bt2020nc:r=limited:{nits}"
        said = f"log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
        write(
            *("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30", "-t", "1"),
            *("-vf", f"format=gbrpf32le,{wide},format=yuv420p10le", *_HEVC, "-x265-params", said, path),
        )

    return film


def _turned(path: Path) -> None:
    stored = make(path.with_name("stored.mp4"), "1920x1080", seconds=1)
    write("-display_rotation", "90", "-i", stored, "-c", "copy", path)


def _uneven(path: Path) -> None:
    # Thirty pictures in the first second, then every seventh: a phone in the dark.
    make(path, "1280x720", seconds=2, extra=("-vf", "select='lt(n,30)+not(mod(n,7))'", "-fps_mode", "vfr"))


def _many_streams(path: Path) -> None:
    video, words = make(path.with_name("one.mp4"), "1280x720", seconds=1, sound=True), path.with_name("words.srt")
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nTriple doble\n")
    write(
        *("-i", video, "-i", video, "-i", words, "-map", "0:v", "-map", "0:a", "-map", "1:a", "-map", "1:v"),
        *("-map", "2:s", "-c", "copy", "-c:s", "mov_text", path),
    )


def _without_duration(path: Path) -> None:
    make(path, "1280x720", seconds=2, extra=("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "15"))


HONEST = {
    "portrait": Honest(make=_plain("1080x1920", sound=True), seconds=1),
    "turned by its display matrix": Honest(make=_turned, seconds=1),
    "anamorphic": Honest(make=_plain("1440x1080", extra=("-vf", "setsar=4/3")), seconds=1),
    "4K": Honest(make=_plain("3840x2160", seconds=0.6), seconds=0.6),
    "240 pictures a second": Honest(make=_plain("640x360", rate="240"), seconds=1),
    "59.94 pictures a second": Honest(make=_plain("1280x720", rate="60000/1001"), seconds=1),
    "29.97 pictures a second": Honest(
        make=_plain("1280x720", rate="30000/1001"), seconds=1, rate=Fraction(30000, 1001)
    ),
    "25 pictures a second": Honest(make=_plain("1280x720", rate="25"), seconds=1, rate=Fraction(25)),
    "variable rate": Honest(make=_uneven, seconds=2),
    "HDR10": Honest(make=_hdr("smpte2084"), seconds=1, colours=Colours(BT2020, PQ, BT2020), bars=60),
    "HLG": Honest(make=_hdr("arib-std-b67"), seconds=1, colours=Colours(BT2020, HLG, BT2020), bars=60),
    "ten bits of SDR": Honest(
        make=_plain("1280x720", codec=(*_HEVC, "-x265-params", "log-level=error")), seconds=1, bars=12
    ),
    "wide colours without HDR": Honest(make=_hdr("bt2020-10", nits="npl=100"), seconds=1, bars=60),
    "BT.601 in HD": Honest(make=_plain("1280x720", extra=("-colorspace", "smpte170m")), seconds=1, bars=12),
    "full range": Honest(make=_plain("1280x720", codec=(*_H264[:-1], "yuvj420p")), seconds=1, bars=12),
    "four colours a pixel": Honest(make=_plain("1280x720", codec=(*_H264[:-1], "yuv444p")), seconds=1),
    "sound": Honest(make=_plain("1280x720", sound=True), seconds=1),
    "many streams": Honest(make=_many_streams, seconds=1),
    "odd size": Honest(make=_plain("853x481", codec=(*_H264[:-1], "yuv444p")), seconds=1),
    "no duration in its header": Honest(make=_without_duration, seconds=2),
    "mov": Honest(make=_plain("1280x720"), seconds=1, ending="mov"),
    "m4v": Honest(make=_plain("1280x720"), seconds=1, ending="m4v"),
    "3gp": Honest(make=_plain("352x288", codec=("-c:v", "h263")), seconds=1, ending="3gp"),
}
