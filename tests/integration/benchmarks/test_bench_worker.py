"""`./anb bench worker` with short clips."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.encoding import curve, report, variants
from operations.local.clips import make_clip
from services.worker.pipeline import EncodeSettings
from services.worker.toolchain import find_bumper, find_ffmpeg, find_watermark


@pytest.fixture(scope="module")
def text() -> str:
    return report.run(Console(stderr=True), seconds=1, rounds=1, presets=False)


def test_report_describes_clips_and_ffmpeg(text: str) -> None:
    assert text.startswith("1080p at 30 fps, 17 Mbit/s, 1 s long, of which 1 s are kept. ffmpeg version ")


def test_every_target_has_a_measured_value(text: str) -> None:
    rows = [row for row in text.splitlines() if row.endswith((" yes |", " no |"))]
    assert len(rows) == 8
    assert all(re.search(r"\d", row.split("|")[2]) for row in rows)


@pytest.mark.parametrize("part", ["Followed game", "Still court"])
def test_every_variant_has_results(text: str, part: str) -> None:
    section = text.split(f"## {part}\n")[1].split("\n## ")[0]
    for variant in variants.VARIANTS:
        (row,) = (row for row in section.splitlines() if row.startswith(f"| {variant} |"))
        assert all(float(figure) > 0 for figure in row.split("|")[2:-1])


def test_lower_rate_factor_raises_size_and_quality(tmp_path: Path) -> None:
    settings = EncodeSettings(
        ffmpeg=find_ffmpeg(os.environ).path,
        watermark=find_watermark(),
        bumper=find_bumper(),
        max_seconds=30,
        threads=2,
    )
    clip = make_clip(tmp_path / "clip.mp4", seconds=1, size="640x360")
    table = curve.render_table(settings, clip, tmp_path, offline=True, choices=[("ultrafast", 20), ("ultrafast", 40)])
    good, poor = ([float(figure) for figure in row.split("|")[3:6]] for row in table.splitlines()[2:])
    assert good[1] > poor[1] > 0
    assert 100 >= good[2] > poor[2] > 0
