"""The end of every fault: all is as if nothing had happened."""

from __future__ import annotations

from world import WorkerProcess, World, until

from tests.integration.faults.matrix import Fault

PATIENCE = 120
"""Seconds; a safety net on a busy machine."""


def settle(world: World, fault: Fault, *workers: WorkerProcess) -> None:
    """Wait until every upload is processed or failed, end the workers, and hold the invariant against all that is left.

    Args:
        world: what the uploads went into.
        fault: told that it was recovered from.
        workers: those that live; the dead have left what the living removed.
    """
    for video_id in world.uploads:
        until(lambda video_id=video_id: world.video(video_id).status in ("processed", "failed"), seconds=PATIENCE)  # type: ignore[misc]
    fault.recovered()
    until(lambda: world.waiting() == (0, 0), seconds=PATIENCE)
    for worker in workers:
        # Before it listens for the signal it would end with it, not in order.
        until(lambda worker=worker: bool(worker.said("worker started")), seconds=PATIENCE)  # type: ignore[misc]
        assert worker.terminate() == 0
    for worker in workers:
        assert worker.encoders() == []
        assert worker.leftovers() == []
    world.check_settled()


def begun(world: World) -> None:
    """Wait until the work at the last upload has come some way."""
    until(lambda: world.video(world.uploads[-1]).progress > 0, seconds=PATIENCE)
