"""What the media tests share: the worker's recipe, and the corpus of honest files, each made and processed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from operations.encoding import as_worker
from operations.encoding.programs import run
from operations.encoding.quality import lossless
from operations.encoding.ways import place
from services.worker import media
from services.worker.pipeline import Recipe, command
from services.worker.programs import find_curtain, find_watermark
from tests.integration.services.worker.clips import FFMPEG

from .honest import HONEST


@dataclass(frozen=True, kw_only=True)
class Processed:
    """An honest file's results.

    Args:
        picture: what the probe found.
        folder: of the job.
        percentages: what was told of the progress.
        reference: a lossless run of the same graph.
    """

    picture: media.Picture
    folder: Path
    percentages: list[int]
    reference: Path


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return Recipe(ffmpeg=FFMPEG, watermark=find_watermark(), curtain=find_curtain(), max_seconds=30, threads=3)


@pytest.fixture(scope="session")
def processed(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Processed]:
    """Makes an honest file and processes it as a job does, or gives what was made of it before."""
    made: dict[str, Processed] = {}

    def get(name: str) -> Processed:
        if name not in made:
            made[name] = process(name)
        return made[name]

    def process(name: str) -> Processed:
        base = tmp_path_factory.mktemp("honest")
        clip, folder, other = base / f"clip.{HONEST[name].ending}", base / "job", base / "reference"
        HONEST[name].make(clip)
        for empty in (folder, other):
            place(clip, empty)
        told: list[int] = []
        picture = as_worker.process(recipe, folder, offline=True, report=told.append)
        run(lossless(command(recipe, picture)), folder=other)
        return Processed(picture=picture, folder=folder, percentages=told, reference=other / media.PROCESSED)

    return get
