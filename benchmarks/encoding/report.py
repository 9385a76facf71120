"""Runs the benchmark of the pipeline and renders its report."""

from __future__ import annotations

import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.encoding import clips, curve, variants
from benchmarks.load import targets
from benchmarks.load.targets import TargetResult
from services.worker.__main__ import threads_for
from services.worker.pipeline import EncodeSettings
from services.worker.sandbox import isolation_error
from services.worker.toolchain import find_bumper, find_ffmpeg, find_watermark
from workspace.progress import step

_KEPT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """Medians of a variant and a clip.

    Args:
        wall_seconds: elapsed time.
        cpu_seconds: CPU time of all cores.
        size: size of the video in bytes.
        vmaf: score against a lossless run of the same graph.
    """

    wall_seconds: float
    cpu_seconds: float
    size: int
    vmaf: float


def run(console: Console, *, seconds: int, rounds: int, presets: bool) -> str:
    """Run all measurements; return the report as Markdown.

    Args:
        console: console for progress.
        seconds: duration of the clips.
        rounds: number of rounds; each runs all variants.
        presets: whether to measure x264's presets too.
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
            clip_paths = clips.create_clips(settings.ffmpeg, folder, seconds=seconds)
        with step("Three variants", console) as current:
            tables = {title: _measure(settings, clip, folder, rounds, offline) for title, clip in clip_paths.items()}
            current.note(f"{rounds} rounds of {len(clip_paths)} clips")
        curves = {}
        if presets:
            with step("Presets", console):
                curves = {
                    title: curve.render_table(settings, clip, folder, offline=offline)
                    for title, clip in clip_paths.items()
                }
    kept = min(seconds, _KEPT_SECONDS)
    parts = [
        (
            f"1080p at 30 fps, 17 Mbit/s, {seconds} s long, of which {kept} s are kept. "
            f"{ffmpeg.version}. {os.cpu_count()} cores, load average {os.getloadavg()[1]:.1f} (5 minutes). "
            f"Medians of {rounds} rounds of alternating variants, without transfers."
        ),
        targets.render_table([target for title, rows in tables.items() for target in _targets(title, rows)]),
    ]
    parts += [f"## {title.capitalize()}\n\n{_render_rows(rows, kept)}" for title, rows in tables.items()]
    parts.append(
        "The worker's video includes 4 s of bumpers, and comes with a poster and a preview. VMAF covers the player's "
        "clip only, against a lossless run of the same graph."
    )
    parts += [f"## Presets: {title}\n\n{table}" for title, table in curves.items()]
    return "\n\n".join([*parts, curve.NOTE] if curves else parts)


def _measure(settings: EncodeSettings, clip: Path, folder: Path, rounds: int, offline: bool) -> dict[str, ReportRow]:
    runs: dict[str, list[variants.EncodedVariant]] = {variant: [] for variant in variants.VARIANTS}
    for _ in range(rounds):
        for variant in variants.VARIANTS:
            runs[variant].append(variants.encode(variant, settings, clip, folder / variant, offline=offline))
    # The command alone writes the same bytes as the worker.
    vmaf = {
        variant: variants.quality(variant, settings, clip, folder / variant, offline=offline)
        for variant in (variants.ORIGINAL, variants.WORKER)
    }
    return {
        variant: ReportRow(
            wall_seconds=statistics.median(result.usage.wall_seconds for result in results),
            cpu_seconds=statistics.median(result.usage.cpu_seconds for result in results),
            size=results[-1].size,
            vmaf=vmaf.get(variant, vmaf[variants.WORKER]),
        )
        for variant, results in runs.items()
    }


def _targets(title: str, rows: dict[str, ReportRow]) -> list[TargetResult]:
    worker, command, original = rows[variants.WORKER], rows[variants.COMMAND], rows[variants.ORIGINAL]
    allowed = 1.05 * command.wall_seconds + 0.3
    return [
        TargetResult(
            description=f"{title}: at most 1.05 times the command alone plus 0.3 s, {allowed:.2f} s",
            measured=f"{worker.wall_seconds:.2f} s",
            met=worker.wall_seconds <= allowed,
        ),
        TargetResult(
            description=f"{title}: better quality than the original, VMAF {original.vmaf:.1f}",
            measured=f"{worker.vmaf:.1f}",
            met=worker.vmaf > original.vmaf,
        ),
        TargetResult(
            description=f"{title}: less than half the size of the original's video",
            measured=f"{worker.size / original.size:.2f} of its size",
            met=worker.size < original.size / 2,
        ),
        TargetResult(
            description=f"{title}: more videos per minute than the original, {60 / original.wall_seconds:.1f}",
            measured=f"{60 / worker.wall_seconds:.1f}",
            met=worker.wall_seconds < original.wall_seconds,
        ),
    ]


def _render_rows(rows: dict[str, ReportRow], kept: int) -> str:
    lines = [
        "| | seconds | videos per minute | CPU seconds | CPU seconds per second of clip | MB | VMAF |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {variant} | {row.wall_seconds:.2f} | {60 / row.wall_seconds:.1f} | {row.cpu_seconds:.2f} "
        f"| {row.cpu_seconds / kept:.3f} | {row.size / 1e6:.2f} | {row.vmaf:.1f} |"
        for variant, row in rows.items()
    ]
    return "\n".join(lines)
