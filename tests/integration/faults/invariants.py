"""The end of every fault: all is as if nothing had happened."""

from __future__ import annotations

import time
from collections.abc import Callable

from world import WorkerProcess, World

from tests.integration.faults.matrix import Fault

PATIENCE = 600
"""Seconds after which a test gives up: a safety net, longer than any recovery on a busy machine."""
PAUSE = 0.2
"""Seconds between two looks; each asks the database or the queue, which share the cores with what is waited for."""


def until(happened: Callable[[], bool]) -> None:
    """Wait until something happens."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(PAUSE)


def settle(world: World, fault: Fault, *workers: WorkerProcess) -> None:
    """Wait until every upload is processed or failed, end the workers, and hold the invariant against all that is left.

    Args:
        world: what the uploads went into.
        fault: told that it was recovered from.
        workers: those that live; the dead have left what the living removed.
    """
    for video_id in world.uploads:
        until(lambda video_id=video_id: world.video(video_id).status in ("processed", "failed"))  # type: ignore[misc]
    fault.recovered()
    until(lambda: world.waiting() == (0, 0))
    for worker in workers:
        # Before it listens for the signal it would end with it, not in order.
        until(lambda worker=worker: bool(worker.said("worker started")))  # type: ignore[misc]
        assert worker.terminate() == 0
    for worker in workers:
        assert worker.encoders() == []
        assert worker.leftovers() == []
    world.check_settled()


def begun(world: World) -> None:
    """Wait until the work at the last upload has come some way."""
    until(lambda: world.video(world.uploads[-1]).progress > 0)
