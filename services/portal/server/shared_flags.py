"""What the portal's processes know of each other: whether one answers, and whether requests are still wanted."""

from __future__ import annotations

import mmap

_ANSWERS, _CLOSING = 0, 1


class SharedFlags:
    """Two facts in memory that a process shares with those it forks; each turns true once."""

    def __init__(self) -> None:
        self._facts = mmap.mmap(-1, 2)

    @property
    def answers(self) -> bool:
        """Whether a process has answered a request over the network."""
        return bool(self._facts[_ANSWERS])

    @property
    def closing(self) -> bool:
        """Whether the portal was told to stop: it serves on, but balancers shall send no more."""
        return bool(self._facts[_CLOSING])

    def mark_answering(self) -> None:
        """Record that a process answered."""
        self._facts[_ANSWERS] = 1

    def close(self) -> None:
        """Record that the portal was told to stop."""
        self._facts[_CLOSING] = 1
