"""What the faults are done to: portal and worker as processes, their database, bucket and queue."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from operations import project
from operations.local.ports import free_port
from tests.integration.faults.matrix import Fault, Recoveries, row_of
from tests.integration.faults.toxics import Proxy

# The worker's tests and their helpers know each other by short names.
sys.path.insert(0, str(project.ROOT / "tests/integration/services/worker"))

from tests.integration.services.conftest import engine, listening, portal_environment  # noqa: F401
from tests.integration.services.portal.conftest import app, people, start_app, start_portal  # noqa: F401
from tests.integration.services.worker.conftest import (  # noqa: F401
    bench,
    clip,
    hooked,
    recipe,
    start_worker,
    store,
    worker_environment,
    world,
)

_RECOVERIES = Recoveries()
TABLE = project.OWN / "tests/faults.md"


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Iterator[Fault]:
    """The fault of this test's row; the recovery's seconds go into the table."""
    yield Fault(row_of(request.node.originalname), _RECOVERIES)


@pytest.fixture
def proxied() -> Iterator[Callable[[int], Proxy]]:
    """Puts a proxy in front of a port."""
    opened: list[Proxy] = []

    def put(port: int) -> Proxy:
        opened.append(Proxy(port).__enter__())
        return opened[-1]

    yield put
    for proxy in opened:
        proxy.__exit__(None, None, None)


@pytest.fixture
def short(clip: Callable[..., Path]) -> Path:  # noqa: F811
    return clip("320x240", seconds=1)


@pytest.fixture
def long(clip: Callable[..., Path]) -> Path:  # noqa: F811
    """A clip that is worked on for several seconds."""
    return clip("1080x1920", seconds=45, sound=True, source="color=red")


@pytest.fixture
def unused_port() -> int:
    """A port at which nobody answers."""
    return free_port()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _RECOVERIES.seconds:
        terminalreporter.section("failure matrix")
        terminalreporter.write_line(_RECOVERIES.table())


def pytest_sessionfinish() -> None:
    if _RECOVERIES.seconds:
        _RECOVERIES.write(TABLE)
