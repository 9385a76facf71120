"""How much of a picture an encode keeps: VMAF against a lossless run of the same graph."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.encoding.ffmpeg import run

_SUBSAMPLE = 5
"""Every fifth picture is compared; more change the mean by a tenth at the most."""


def lossless(line: Sequence[str]) -> list[str]:
    """A command line of x264 whose first output keeps every bit."""
    return encoded(line, preset="ultrafast", crf=0)


def encoded(line: Sequence[str], *, preset: str, crf: int) -> list[str]:
    """A command line of x264 with another preset and quality of its first output.

    Args:
        line: has a preset and a quality.
        preset: x264's name of it.
        crf: x264's constant rate factor, 0 for lossless.
    """
    changed = list(line)
    changed[changed.index("-preset") + 1] = preset
    changed[changed.index("-crf") + 1] = str(crf)
    return changed


def vmaf(ffmpeg: Path, video: Path, reference: Path, *, first: int = 0, frames: int = 1_000_000) -> float:
    """The mean VMAF of some pictures of a video.

    Args:
        ffmpeg: the program; its libvmaf is used.
        video, reference: compared picture by picture.
        first: number of the first picture that counts, so that bumpers do not flatter.
        frames: how many count.
    """
    cut = f"trim=start_frame={first}:end_frame={first + frames},settb=AVTB,setpts=N/30/TB"
    graph = f"[0:v]{cut}[a];[1:v]{cut}[b];[a][b]libvmaf=n_threads=2:n_subsample={_SUBSAMPLE}"
    said = run([ffmpeg, "-nostdin", "-hide_banner", "-i", video, "-i", reference, "-lavfi", graph, "-f", "null", "-"])
    found = re.search(r"VMAF score: ([\d.]+)", said)
    assert found, said
    return float(found[1])
