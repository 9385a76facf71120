"""Flags that all processes of the portal share."""

from __future__ import annotations

import mmap

_READY, _DRAINING = 0, 1


class SharedFlags:
    """Two flags in memory shared with forked processes; each is set once and never cleared."""

    def __init__(self) -> None:
        self._flags = mmap.mmap(-1, 2)

    @property
    def is_ready(self) -> bool:
        """Whether a process has answered a request over the network."""
        return bool(self._flags[_READY])

    @property
    def is_draining(self) -> bool:
        """Whether the portal is shutting down: it still serves, but /health answers 503."""
        return bool(self._flags[_DRAINING])

    def mark_ready(self) -> None:
        """Record that a process has answered a request."""
        self._flags[_READY] = 1

    def mark_draining(self) -> None:
        """Record that the portal is shutting down."""
        self._flags[_DRAINING] = 1
