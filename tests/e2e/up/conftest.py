"""The whole system with every stack deployed, started once with ./anb up for the tests of this folder."""

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the test that stops the shared system last, in whichever file it is."""
    items.sort(key=lambda item: item.name.startswith("test_down_"))


@pytest.fixture(scope="session")
def anb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """The launcher, with its own local directory."""
    commands = Commands(tmp_path_factory.mktemp("e2e") / "local")
    yield commands
    commands.run("down")


@pytest.fixture(scope="session")
def startup(anb: Commands) -> Iterator[Future[subprocess.CompletedProcess[str]]]:
    """Run `./anb up --detach` in the background, while the clips are created."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool.submit(anb.up)


@pytest.fixture(scope="session")
def clip(startup: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait clip: 45 s of 1080x1920 with sound."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture(scope="session")
def long_clip(startup: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip for the journey in Chromium."""
    return journey.make_clip(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def system(anb: Commands, startup: Future[subprocess.CompletedProcess[str]], clip: Path, long_clip: Path) -> Commands:
    """The system after `./anb up --detach`."""
    result = startup.result()
    assert result.returncode == 0, result.stdout + result.stderr
    assert anb.url in result.stdout
    return anb


@pytest.fixture(scope="session")
def site(system: Commands) -> Site:
    """The portal's URL, for the fixtures of Chromium."""
    return Site(system.url, database_url="")
