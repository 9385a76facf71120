"""A short-lived cache that computes each value once, however many callers request it at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

_MAX_ENTRIES = 500


@dataclass(frozen=True)
class _Entry:
    created_at: float
    future: Future[Any]


class SingleFlightCache:
    """Caches the return values of functions by key.

    The first caller computes the value; concurrent callers wait for it. A failure is raised in all of them and is not
    cached.

    Args:
        seconds: Lifetime of a value.
        clock: Monotonic clock, in seconds. Default: ``time.monotonic``.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[Hashable, _Entry] = {}

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return the value of a key; compute it if it is missing or too old.

        Args:
            key: Everything that the value depends on. The value must not contain one person's private data.
            compute: Function that computes the value.
        """
        with self._lock:
            entry = self._entries.get(key)
            is_first = entry is None or self._clock() - entry.created_at >= self._seconds
            if is_first:
                self._remove_old()
                entry = self._entries[key] = _Entry(self._clock(), Future())
        assert entry is not None
        if is_first:
            try:
                entry.future.set_result(compute())
            except BaseException as failure:
                with self._lock:
                    if self._entries.get(key) is entry:
                        del self._entries[key]
                entry.future.set_exception(failure)
        return entry.future.result()

    def _remove_old(self) -> None:
        if len(self._entries) >= _MAX_ENTRIES:
            now = self._clock()
            self._entries = {
                key: entry for key, entry in self._entries.items() if now - entry.created_at < self._seconds
            }
