"""Fixtures of the fault tests: portal and worker processes, their database, bucket and queue."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from services.worker.pipeline import EncodeSettings
from tests.integration.faults.matrix import Fault, Recoveries, parse_rows
from tests.integration.faults.toxics import Proxy
from workspace import paths
from workspace.ports import free_port

# The worker's tests import their helpers by short names.
sys.path.insert(0, str(paths.ROOT / "tests/integration/services/worker"))

from world import WorkerProcess

from tests.integration.services.conftest import engine, listening, portal_environment  # noqa: F401
from tests.integration.services.portal.conftest import app, people, start_app, start_portal  # noqa: F401
from tests.integration.services.worker.conftest import (  # noqa: F401
    clip,
    context,
    encode_settings,
    hooked,
    start_worker,
    store,
    worker_environment,
    world,
)

_RECOVERIES = Recoveries()
TABLE = paths.CACHE_DIR / "tests/faults.md"


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Iterator[Fault]:
    """The fault of this test; its recovery time is added to the table."""
    yield Fault(parse_rows(request.node.originalname), _RECOVERIES)


@pytest.fixture
def proxied() -> Iterator[Callable[[int], Proxy]]:
    """Return a function that starts a proxy in front of a port."""
    proxies: list[Proxy] = []

    def start(port: int) -> Proxy:
        proxies.append(Proxy(port).__enter__())
        return proxies[-1]

    yield start
    for proxy in proxies:
        proxy.__exit__(None, None, None)


@pytest.fixture
def short_clip(clip: Callable[..., Path]) -> Path:  # noqa: F811
    return clip("320x240", seconds=1, rate="5")


@pytest.fixture
def long_clip(clip: Callable[..., Path]) -> Path:  # noqa: F811
    """A clip of 20 s; workers of `start_slow` need 20 s to encode it, others about a second."""
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
"""Inserts -readrate before the input format of the player's file, which slows the reading of this file only."""


@pytest.fixture
def start_slow(
    start_worker: Callable[..., WorkerProcess],  # noqa: F811
    encode_settings: EncodeSettings,  # noqa: F811
    tmp_path: Path,
) -> Callable[..., WorkerProcess]:
    """Return a function that starts a worker whose encoder reads its file at ``speed`` times playback speed.

    The duration of the encode is predictable on any machine, and most of it is spent waiting.
    """

    def start(*, speed: float = 1, variables: Mapping[str, str] | None = None, **changes: Any) -> WorkerProcess:
        program = tmp_path / f"ffmpeg-{speed:g}"
        program.write_text(_SLOW_FFMPEG.format(python=sys.executable, ffmpeg=encode_settings.ffmpeg, speed=speed))
        program.chmod(0o755)
        return start_worker(variables={"FFMPEG_BINARY": str(program), **(variables or {})}, **changes)

    return start


@pytest.fixture
def unused_port() -> int:
    """A port without a listener."""
    return free_port()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _RECOVERIES.seconds:
        terminalreporter.section("failure matrix")
        terminalreporter.write_line(_RECOVERIES.table())


def pytest_sessionfinish() -> None:
    if _RECOVERIES.seconds:
        _RECOVERIES.write(TABLE)
