"""What the faults are done to: portal and worker as processes, their database, bucket and queue."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from services.worker.pipeline import EncodeSettings
from tests.integration.faults.matrix import Fault, Recoveries, rows_of
from tests.integration.faults.toxics import Proxy
from workspace import paths
from workspace.ports import free_port

# The worker's tests and their helpers know each other by short names.
sys.path.insert(0, str(paths.ROOT / "tests/integration/services/worker"))

from world import WorkerProcess

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
TABLE = paths.CACHE_DIR / "tests/faults.md"


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Iterator[Fault]:
    """The fault of this test's rows; the recovery's seconds go into the table."""
    yield Fault(rows_of(request.node.originalname), _RECOVERIES)


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
    return clip("320x240", seconds=1, rate="5")


@pytest.fixture
def long(clip: Callable[..., Path]) -> Path:  # noqa: F811
    """A clip of 20 s, which `start_slow`'s workers encode for as long; other workers are done in a second."""
    return clip("320x240", seconds=20, rate="5", source="color=red")


_SLOW_FFMPEG = """\
#!{python} -ISB
import os, sys
line = sys.argv[1:]
if "mov" in line:
    before = line.index("mov") - 1
    line[before:before] = ["-readrate", "{speed:g}"]
os.execv("{ffmpeg}", ["{ffmpeg}", *line])
"""
"""Before the option that names the player's file's format, one that slows the reading of this file alone."""


@pytest.fixture
def start_slow(
    start_worker: Callable[..., WorkerProcess],  # noqa: F811
    recipe: EncodeSettings,  # noqa: F811
    tmp_path: Path,
) -> Callable[..., WorkerProcess]:
    """Starts a worker whose encoder reads its file no faster than it plays, or ``speed`` times as fast.

    It is in the middle of an encode for as long as the clip plays, on a fast machine and on a busy one, and spends
    this time waiting instead of encoding.
    """

    def start(*, speed: float = 1, variables: Mapping[str, str] | None = None, **changes: Any) -> WorkerProcess:
        program = tmp_path / f"ffmpeg-{speed:g}"
        program.write_text(_SLOW_FFMPEG.format(python=sys.executable, ffmpeg=recipe.ffmpeg, speed=speed))
        program.chmod(0o755)
        return start_worker(variables={"FFMPEG_BINARY": str(program), **(variables or {})}, **changes)

    return start


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
