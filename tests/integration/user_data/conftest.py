"""What an instance talks to, on loopback."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.integration.user_data.loopback import Loopback


@pytest.fixture
def aws(tmp_path: pathlib.Path) -> Iterator[Loopback]:
    """What an instance talks to."""
    folder = tmp_path / "aws"
    folder.mkdir()
    server = Loopback(folder)
    yield server
    server.close()
