"""Checks after every fault: the system recovers as if nothing had happened."""

from __future__ import annotations

import time
from collections.abc import Callable

from world import WorkerProcess, WorkerWorld

from tests.integration.faults.matrix import Fault

TIMEOUT_SECONDS = 600
"""A safety net, longer than any recovery on a busy machine."""
POLL_SECONDS = 0.2
"""Polls query the database or the queue, which compete for the cores with the system under test."""


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll until a condition holds."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(POLL_SECONDS)


def settle(world: WorkerWorld, fault: Fault, *workers: WorkerProcess) -> None:
    """Wait until every upload is processed or failed, stop the workers, and check the invariant.

    Args:
        world: environment of the workers.
        fault: fault to mark as recovered.
        workers: live workers.
    """
    for video_id in world.uploads:
        wait_until(lambda video_id=video_id: world.video(video_id).status in ("processed", "failed"))  # type: ignore[misc]
    fault.mark_recovered()
    wait_until(lambda: world.message_counts() == (0, 0))
    for worker in workers:
        # Until it handles the signal, SIGTERM would kill it.
        wait_until(lambda worker=worker: bool(worker.log_lines("worker started")))  # type: ignore[misc]
        assert worker.terminate() == 0
    for worker in workers:
        assert worker.encoders() == []
        assert worker.leftovers() == []
    world.check_settled()


def wait_until_encoding(world: WorkerWorld) -> None:
    """Wait until the encode of the last upload has made progress."""
    wait_until(lambda: world.video(world.uploads[-1]).progress > 0)
