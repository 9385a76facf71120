"""The whole bench of the pipeline, and its report."""

from __future__ import annotations

import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.encoding import clips, curve, variants
from benchmarks.load import targets
from benchmarks.load.targets import Goal
from services.worker.__main__ import threads_for
from services.worker.pipeline import EncodeSettings
from services.worker.sandbox import isolation_error
from services.worker.toolchain import find_bumper, find_ffmpeg, find_watermark
from workspace.progress import step

_KEPT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """A way with a clip: medians of all rounds.

    Args:
        wall, processor: seconds a video takes.
        size: bytes of the video.
        vmaf: against a lossless run of the same graph.
    """

    wall: float
    processor: float
    size: int
    vmaf: float


def run(console: Console, *, seconds: int, rounds: int, presets: bool) -> str:
    """Measure everything; returns the report as Markdown.

    Args:
        console: where the progress is shown.
        seconds: length of the clips.
        rounds: how often each way is gone, in turn.
        presets: whether x264's presets are measured too.
    """
    ffmpeg = find_ffmpeg(os.environ)
    settings = EncodeSettings(
        ffmpeg=ffmpeg.path,
        watermark=find_watermark(),
        bumper=find_bumper(),
        max_seconds=_KEPT_SECONDS,
        threads=threads_for(1),
    )
    offline = isolation_error() is None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with step("Clips", console):
            made = clips.make(settings.ffmpeg, folder, seconds=seconds)
        with step("Three ways, in turn", console) as current:
            tables = {title: _measure(settings, clip, folder, rounds, offline) for title, clip in made.items()}
            current.note(f"{rounds} rounds of {len(made)} clips")
        curves = {}
        if presets:
            with step("Presets", console):
                curves = {title: curve.table(settings, clip, folder, offline=offline) for title, clip in made.items()}
    kept = min(seconds, _KEPT_SECONDS)
    parts = [
        (
            f"1080p at 30 pictures a second, 17 Mbit/s, {seconds} s long, of which {kept} s are kept. "
            f"{ffmpeg.version}. {os.cpu_count()} cores, {os.getloadavg()[1]:.1f} processes wanted one in the last five "
            f"minutes. Medians of {rounds} rounds, the ways in turn; from the fetched file to the result."
        ),
        targets.table([goal for title, rows in tables.items() for goal in _goals(title, rows)]),
    ]
    parts += [f"## {title.capitalize()}\n\n{_table(rows, kept)}" for title, rows in tables.items()]
    parts.append(
        "The worker's video has 4 s of bumper more, and comes with a poster and a preview; VMAF is of the player's "
        "pictures alone, against a lossless run of the same graph."
    )
    parts += [f"## Presets: {title}\n\n{table}" for title, table in curves.items()]
    return "\n\n".join([*parts, curve.NOTE] if curves else parts)


def _measure(settings: EncodeSettings, clip: Path, folder: Path, rounds: int, offline: bool) -> dict[str, ReportRow]:
    runs: dict[str, list[variants.EncodedVariant]] = {way: [] for way in variants.NAMES}
    for _ in range(rounds):
        for way in variants.NAMES:
            runs[way].append(variants.make(way, settings, clip, folder / way, offline=offline))
    # The bare command writes the same bytes as the worker does.
    vmaf = {
        way: variants.quality(way, settings, clip, folder / way, offline=offline)
        for way in (variants.ORIGINAL, variants.OURS)
    }
    return {
        way: ReportRow(
            wall=statistics.median(made.cost.wall for made in all_made),
            processor=statistics.median(made.cost.processor for made in all_made),
            size=all_made[-1].size,
            vmaf=vmaf.get(way, vmaf[variants.OURS]),
        )
        for way, all_made in runs.items()
    }


def _goals(title: str, rows: dict[str, ReportRow]) -> list[Goal]:
    ours, bare, theirs = rows[variants.OURS], rows[variants.BARE], rows[variants.ORIGINAL]
    allowed = 1.05 * bare.wall + 0.3
    return [
        Goal(
            wanted=f"{title}: at most 1.05 of the bare command and 0.3 s, {allowed:.2f} s",
            found=f"{ours.wall:.2f} s",
            met=ours.wall <= allowed,
        ),
        Goal(
            wanted=f"{title}: a better picture than the original's, VMAF {theirs.vmaf:.1f}",
            found=f"{ours.vmaf:.1f}",
            met=ours.vmaf > theirs.vmaf,
        ),
        Goal(
            wanted=f"{title}: less than half of the original's bytes",
            found=f"{ours.size / theirs.size:.2f} of them",
            met=ours.size < theirs.size / 2,
        ),
        Goal(
            wanted=f"{title}: more videos a minute than the original's {60 / theirs.wall:.1f}",
            found=f"{60 / ours.wall:.1f}",
            met=ours.wall < theirs.wall,
        ),
    ]


def _table(rows: dict[str, ReportRow], kept: int) -> str:
    lines = [
        "| | seconds | videos a minute | CPU seconds | CPU seconds for a second kept | MB | VMAF |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {way} | {row.wall:.2f} | {60 / row.wall:.1f} | {row.processor:.2f} | {row.processor / kept:.3f} "
        f"| {row.size / 1e6:.2f} | {row.vmaf:.1f} |"
        for way, row in rows.items()
    ]
    return "\n".join(lines)
