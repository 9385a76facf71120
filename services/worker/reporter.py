"""Tells CloudWatch once a minute what the worker did and how much waits for it."""

from __future__ import annotations

import threading

from services.shared.aws import AWS_ERRORS
from services.shared.emf_metrics import FLUSH_INTERVAL_SECONDS, EmfMetrics
from services.shared.queue import VideoQueue
from services.shared.telemetry import get_logger

log = get_logger(__name__)


class Reporter:
    """A thread that tells, for the length of a block; the last line is of the end.

    Args:
        measures: what the worker counts.
        queue: what waits for it.
    """

    def __init__(self, measures: EmfMetrics, queue: VideoQueue) -> None:
        self._measures = measures
        self._queue = queue
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def __enter__(self) -> Reporter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._measures.flush()

    def _run(self) -> None:
        while not self._ended.wait(FLUSH_INTERVAL_SECONDS):
            self.report()

    def report(self) -> None:
        """Look at the queue and tell."""
        try:
            waiting = self._queue.waiting()
            self._measures.gauge("QueueWaiting", waiting)
            # Work that waits, in the seconds one slot needs for it; unknown before the first video.
            if (seconds := self._measures.average("JobSeconds")) is not None:
                self._measures.gauge("WorkWaiting", round(waiting * seconds, 3), "Seconds")
        except AWS_ERRORS as error:
            log.warning("the queue's length cannot be asked for", error=str(error))
        self._measures.flush()
