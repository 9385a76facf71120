"""The commands, run as people run them, in local directories of the tests' own.

Starting the system is what costs here, so there are two installations: one that tests only look at, with the demo's
players and videos, and one that tests stop, kill and start again.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from operations.local.state import RUNNING, StateFile
from tests import doc_blocks
from tests.commands import Commands
from tests.integration.local.portal import public, upload

QUICK_START = "docs/quick-start.md"


@dataclass(frozen=True)
class Started:
    """An installation that the quick start's first command started.

    Args:
        anb: its commands.
        output: what the command printed.
    """

    anb: Commands
    output: str


@dataclass
class Installation(Commands):
    """An installation that tests may leave in any state: each test asks for what it needs first."""

    def ensure_up(self) -> None:
        """Start the system, unless it is running."""
        state = StateFile(self.folder).read()
        if state is None or state.phase != RUNNING or not state.supervisor.alive:
            assert_succeeds(self.up("--no-infra"))

    def ensure_video(self, folder: Path) -> None:
        """Start the system and have a public video in it.

        Args:
            folder: for the clip that is uploaded.
        """
        self.ensure_up()
        if not public(self.url):
            upload(self.url, folder)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The system as the quick start starts it. It keeps running: tests only look at it, or use people of their own."""
    anb = Commands(tmp_path_factory.mktemp("quick-start") / "local")
    (start,) = doc_blocks.anb(QUICK_START, "lane local: start")
    # In the foreground it would run until it is stopped. Terraform is the road's and the lane terraform's.
    up = anb.run(*start, "--detach", "--no-infra", "--port", str(anb.port))
    try:
        assert_succeeds(up)
        yield Started(anb, up.stdout)
    finally:
        anb.run("down")


@pytest.fixture(scope="session")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that tests stop, kill and start again."""
    anb = Installation(tmp_path_factory.mktemp("restarted") / "local")
    yield anb
    anb.run("down")


@pytest.fixture
def unused(tmp_path: Path) -> Commands:
    """An installation in which nothing was ever started."""
    return Commands(tmp_path / "local")


def assert_succeeds(result: subprocess.CompletedProcess[str]) -> None:
    """Fail with what a command printed where it failed."""
    assert result.returncode == 0, result.stdout + result.stderr
