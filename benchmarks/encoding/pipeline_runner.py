"""Does what the worker does with a fetched file, without a database or a bucket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from services.worker import media
from services.worker.mp4_boxes import check_container
from services.worker.pipeline import EncodeSettings

if TYPE_CHECKING:
    from services.worker.receipt import ReceiptBuilder

_SECONDS_ALLOWED = 1800


def look(folder: Path, *, offline: bool) -> media.VideoStream:
    """What the worker finds in a folder's file.

    Args:
        folder: a job's, with the player's file in it.
        offline: whether the program that reads it is cut off from the network, as a worker's is.
    """
    from services.worker.probe import probe  # with PyAV, which the tables of a bench do not need

    return probe(folder, offline=offline, builder=_builder())


def process(
    settings: EncodeSettings, folder: Path, *, offline: bool, report: Callable[[int], None] = lambda _: None
) -> media.VideoStream:
    """Check, probe and transcode a folder's file, and write its receipt; returns what the probe found.

    Args:
        settings: of the worker.
        folder: a job's, with the player's file in it.
        offline: whether our programs are cut off from the network, as a worker's are.
        report: told how far the work is, in percent.
    """
    from services.worker.probe import probe
    from services.worker.transcode import transcode

    builder = _builder()
    builder.add_original(folder / media.ORIGINAL)
    check_container(folder / media.ORIGINAL)
    picture = probe(folder, offline=offline, builder=builder)
    transcode(
        folder,
        settings,
        picture,
        seconds=_SECONDS_ALLOWED,
        offline=offline,
        report=report,
        cancelled=lambda: False,
        builder=builder,
    )
    for name in (media.PROCESSED, media.POSTER, media.PREVIEW):
        builder.add_output(name, folder / name)
    builder.build()
    return picture


def _builder() -> ReceiptBuilder:
    from services.worker.receipt import ReceiptBuilder

    return ReceiptBuilder(release="", ffmpeg="")
