"""Answers kept for a moment, so that many who ask the same at once cost one question to the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

_MOST = 500


@dataclass(frozen=True)
class _Answer:
    made_at: float
    future: Future[Any]


class SingleFlightCache:
    """Keeps what functions returned, by key.

    Whoever asks first makes the answer, and those who ask meanwhile wait for it. A failure is not kept: it is told
    to those who waited, and the next one tries again.

    Args:
        seconds: how long an answer is kept.
        clock: seconds that only grow.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: dict[Hashable, _Answer] = {}

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The answer of a key, made anew where the kept one is too old.

        Args:
            key: names everything that the answer depends on; nothing in it may belong to one person alone.
            make: makes the answer.
        """
        with self._lock:
            kept = self._answers.get(key)
            mine = kept is None or self._clock() - kept.made_at >= self._seconds
            if mine:
                self._forget_old()
                kept = self._answers[key] = _Answer(self._clock(), Future())
        assert kept is not None
        if mine:
            try:
                kept.future.set_result(make())
            except BaseException as failure:
                with self._lock:
                    if self._answers.get(key) is kept:
                        del self._answers[key]
                kept.future.set_exception(failure)
        return kept.future.result()

    def _forget_old(self) -> None:
        if len(self._answers) >= _MOST:
            now = self._clock()
            self._answers = {
                key: answer for key, answer in self._answers.items() if now - answer.made_at < self._seconds
            }
