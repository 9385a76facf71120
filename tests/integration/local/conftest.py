"""The commands, run as people run them, in a local directory of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Commands


@pytest.fixture
def anb(tmp_path: Path) -> Iterator[Commands]:
    commands = Commands(tmp_path / "local")
    yield commands
    commands.run("down")
