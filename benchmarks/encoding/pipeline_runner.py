"""Runs the worker's pipeline on a local file, without database and bucket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from services.worker import media
from services.worker.mp4_boxes import check_container
from services.worker.pipeline import EncodeSettings

if TYPE_CHECKING:
    from services.worker.receipt import ReceiptBuilder

_TIMEOUT_SECONDS = 1800


def probe_file(folder: Path, *, offline: bool) -> media.VideoStream:
    """Probe the file in a job folder.

    Args:
        folder: job folder with the source file.
        offline: whether the probe runs without network access, as a worker's does.
    """
    from services.worker.probe import probe  # imports PyAV, which rendering a table does not need

    return probe(folder, offline=offline, builder=_create_builder())


def process(
    settings: EncodeSettings, folder: Path, *, offline: bool, report: Callable[[int], None] = lambda _: None
) -> media.VideoStream:
    """Check, probe and transcode the file in a job folder, and build its receipt.

    Args:
        settings: encode settings of the worker.
        folder: job folder with the source file.
        offline: whether programs run without network access, as a worker's do.
        report: called with the progress in percent.

    Returns:
        The stream found by the probe.
    """
    from services.worker.probe import probe
    from services.worker.transcode import transcode

    builder = _create_builder()
    builder.add_original(folder / media.ORIGINAL)
    check_container(folder / media.ORIGINAL)
    video_stream = probe(folder, offline=offline, builder=builder)
    transcode(
        folder,
        settings,
        video_stream,
        seconds=_TIMEOUT_SECONDS,
        offline=offline,
        report=report,
        cancelled=lambda: False,
        builder=builder,
    )
    for name in (media.PROCESSED, media.POSTER, media.PREVIEW):
        builder.add_output(name, folder / name)
    builder.build()
    return video_stream


def _create_builder() -> ReceiptBuilder:
    from services.worker.receipt import ReceiptBuilder

    return ReceiptBuilder(release="", ffmpeg="")
