"""Keeps the claim on a video alive while it is worked on, and tells the portal how far the work is."""

from __future__ import annotations

import contextvars
import threading
import time

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.shared.telemetry import get_logger
from services.videos import claims

log = get_logger(__name__)
_LEAST_SECONDS_BETWEEN = 1.0


class Lease:
    """A thread that renews a claim, for the length of a block.

    Args:
        engine: the database.
        claim: what is held.
        seconds: how long a renewal lasts.
    """

    def __init__(self, engine: Engine, claim: claims.Claim, *, seconds: int) -> None:
        self._engine = engine
        self._claim = claim
        self._seconds = seconds
        self._progress = 0
        self._lost = threading.Event()
        self._ended = threading.Event()
        # Its log lines have the ids of the job's.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="lease", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether a later attempt has taken over, or the video is gone."""
        return self._lost.is_set()

    def report(self, percent: int) -> None:
        """Tell how far the work is; it reaches the database within a second or so."""
        self._progress = percent

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        renewed, told = time.monotonic(), 0
        while not self._ended.wait(_LEAST_SECONDS_BETWEEN):
            progress = self._progress
            if progress == told and time.monotonic() - renewed < self._seconds / 4:
                continue
            try:
                with self._engine.begin() as connection:
                    held = claims.renew(connection, self._claim, lease_seconds=self._seconds, progress=progress)
            except SQLAlchemyError as error:
                # The fence holds even after the lease has run out; nobody else may have taken the video yet.
                log.warning("claim could not be renewed", error=str(error))
                continue
            if not held:
                self._lost.set()
                return
            renewed, told = time.monotonic(), progress
