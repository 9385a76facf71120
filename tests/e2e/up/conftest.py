"""The whole system, started once by the launcher, with every stack deployed; people reach it by HTTP and Chromium.

It is up while the tests of this folder run, and the last one takes it down.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.commands import Commands
from tests.e2e.browser import journey
from tests.e2e.browser.conftest import chromium, new_client, open_page, shoot  # noqa: F401
from tests.e2e.browser.site import Site
from tests.e2e.up.people import make_clip


@pytest.fixture(scope="session")
def anb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """The launcher, with what it keeps in a folder of this run's own."""
    commands = Commands(tmp_path_factory.mktemp("road") / "local")
    yield commands
    commands.run("down")


@pytest.fixture(scope="session")
def coming_up(anb: Commands) -> Iterator[Future[subprocess.CompletedProcess[str]]]:
    """`./anb up --detach` under way: Terraform waits most of the time, so clips are made meanwhile."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool.submit(anb.up)


@pytest.fixture(scope="session")
def clip(coming_up: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip as a phone held upright makes it: 45 s of 1080x1920 with sound."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture(scope="session")
def long_clip(coming_up: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip of the journey in Chromium."""
    return journey.make_clip(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def system(anb: Commands, coming_up: Future[subprocess.CompletedProcess[str]], clip: Path, long_clip: Path) -> Commands:
    """The system after `./anb up --detach`."""
    result = coming_up.result()
    assert result.returncode == 0, result.stdout + result.stderr
    assert anb.url in result.stdout
    return anb


@pytest.fixture(scope="session")
def site(system: Commands) -> Site:
    """Where Chromium finds the portal."""
    return Site(system.url, database_url="")
