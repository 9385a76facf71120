"""The whole system, started once by the launcher, with every stack deployed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Commands
from tests.e2e.road.people import make_clip


@pytest.fixture(scope="module")
def anb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """The launcher, with what it keeps in a folder of this run's own."""
    commands = Commands(tmp_path_factory.mktemp("road") / "local")
    yield commands
    commands.run("down")


@pytest.fixture(scope="module")
def system(anb: Commands) -> Commands:
    """The system after `./anb up --detach`."""
    result = anb.up()
    assert result.returncode == 0, result.stdout + result.stderr
    assert anb.url in result.stdout
    return anb


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip as a phone held upright makes it: 45 s of 1080x1920 with sound."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")
