"""Measures quality as VMAF against a lossless run of the same filter graph."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.encoding.ffmpeg import run

_SUBSAMPLE = 5
"""Every fifth frame is compared; comparing more changes the mean by at most 0.1."""


def lossless(line: Sequence[str]) -> list[str]:
    """Return an x264 command line with a lossless first output."""
    return with_encoder(line, preset="ultrafast", crf=0)


def with_encoder(line: Sequence[str], *, preset: str, crf: int) -> list[str]:
    """Return an x264 command line with another preset and rate factor for its first output.

    Args:
        line: command line with a preset and a rate factor.
        preset: preset of x264.
        crf: constant rate factor of x264; 0 is lossless.
    """
    modified = list(line)
    modified[modified.index("-preset") + 1] = preset
    modified[modified.index("-crf") + 1] = str(crf)
    return modified


def vmaf(ffmpeg: Path, video: Path, reference: Path, *, first: int = 0, frames: int = 1_000_000) -> float:
    """Return the mean VMAF of a range of frames.

    Args:
        ffmpeg: path of an ffmpeg with libvmaf.
        video: video to rate.
        reference: lossless reference, frame by frame.
        first: number of the first frame; bumpers would raise the score.
        frames: number of frames.
    """
    cut = f"trim=start_frame={first}:end_frame={first + frames},settb=AVTB,setpts=N/30/TB"
    graph = f"[0:v]{cut}[a];[1:v]{cut}[b];[a][b]libvmaf=n_threads=2:n_subsample={_SUBSAMPLE}"
    output = run([ffmpeg, "-nostdin", "-hide_banner", "-i", video, "-i", reference, "-lavfi", graph, "-f", "null", "-"])
    found = re.search(r"VMAF score: ([\d.]+)", output)
    assert found, output
    return float(found[1])
