"""What the core's tests share: people and videos, made without the portal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from .world import World, make_world


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection on which each statement stands for itself."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as opened:
        yield opened


@pytest.fixture
def world(connection: Connection) -> World:
    """Makes people and videos."""
    return make_world(connection)
