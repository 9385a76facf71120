"""The commands as users run them, in temporary local directories.

Starting the system is expensive, so there are two installations: a read-only one with the demo's players and videos,
and one that tests stop, kill and restart.
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
    """An installation started by the first command of the quick start.

    Args:
        anb: Commands of the installation.
        output: Output of the command.
    """

    anb: Commands
    output: str


@dataclass
class Installation(Commands):
    """An installation that tests may leave in any state; each test first ensures what it needs."""

    def ensure_up(self) -> None:
        """Start the system if it is not running."""
        state = StateFile(self.folder).read()
        if state is None or state.phase != RUNNING or not state.supervisor.alive:
            assert_succeeds(self.up("--no-infra"))

    def ensure_video(self, folder: Path) -> None:
        """Start the system and add a public video if there is none.

        Args:
            folder: Folder for the clip to upload.
        """
        self.ensure_up()
        if not public(self.url):
            upload(self.url, folder)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The system as the quick start starts it. Shared: tests only read, or use their own accounts."""
    anb = Commands(tmp_path_factory.mktemp("quick-start") / "local")
    (start,) = doc_blocks.anb(QUICK_START, "lane local: start")
    # Detached, since the foreground command blocks. Terraform is tested by the lanes e2e and terraform.
    up = anb.run(*start, "--detach", "--no-infra", "--port", str(anb.port))
    try:
        assert_succeeds(up)
        yield Started(anb, up.stdout)
    finally:
        anb.run("down")


@pytest.fixture(scope="session")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that tests stop, kill and restart."""
    anb = Installation(tmp_path_factory.mktemp("restarted") / "local")
    yield anb
    anb.run("down")


@pytest.fixture
def unused(tmp_path: Path) -> Commands:
    """An installation that was never started."""
    return Commands(tmp_path / "local")


def assert_succeeds(result: subprocess.CompletedProcess[str]) -> None:
    """Fail with the output of a failed command."""
    assert result.returncode == 0, result.stdout + result.stderr
