"""Renews the claim on a video while its job runs, and stores the progress that the portal shows."""

from __future__ import annotations

import contextvars
import threading
import time

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.shared.telemetry import get_logger
from services.videos import claims

log = get_logger(__name__)
_MIN_INTERVAL_SECONDS = 1.0


class Lease:
    """Context manager with a thread that renews a claim.

    Args:
        engine: database engine.
        claim: claim to renew.
        seconds: length of the lease after each renewal.
    """

    def __init__(self, engine: Engine, claim: claims.Claim, *, seconds: int) -> None:
        self._engine = engine
        self._claim = claim
        self._seconds = seconds
        self._progress = 0
        self._lost = threading.Event()
        self._ended = threading.Event()
        # Log lines of the thread carry the job's ids.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="lease", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether a later attempt has taken over or the video was deleted."""
        return self._lost.is_set()

    def report(self, percent: int) -> None:
        """Set the progress in percent; it reaches the database within about a second."""
        self._progress = percent

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        renewed_at, stored_progress = time.monotonic(), 0
        while not self._ended.wait(_MIN_INTERVAL_SECONDS):
            progress = self._progress
            if progress == stored_progress and time.monotonic() - renewed_at < self._seconds / 4:
                continue
            try:
                with self._engine.begin() as connection:
                    held = claims.renew(connection, self._claim, lease_seconds=self._seconds, progress=progress)
            except SQLAlchemyError as error:
                # Keep trying after the lease expired: the attempt number still fences, and the video may be unclaimed.
                log.warning("claim could not be renewed", error=str(error))
                continue
            if not held:
                self._lost.set()
                return
            renewed_at, stored_progress = time.monotonic(), progress
