"""An instance's AWS, on loopback."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.integration.user_data.loopback import Loopback


@pytest.fixture
def aws(tmp_path: pathlib.Path) -> Iterator[Loopback]:
    """Start an instance's AWS on loopback."""
    folder = tmp_path / "aws"
    folder.mkdir()
    server = Loopback(folder)
    yield server
    server.close()
