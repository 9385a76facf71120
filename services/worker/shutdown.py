"""Whether the worker was told to stop."""

from __future__ import annotations

import queue


class Stopping:
    """The word to stop, which a signal handler may give at any moment, and again while it is giving it.

    A `threading.Event` would not do: a second signal in the midst of its ``set``, or one in the midst of its ``wait``,
    waits for ever for a lock that its own thread holds. A SimpleQueue has none to wait for.
    Source: https://docs.python.org/3/library/queue.html#queue.SimpleQueue.put
    """

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[None] = queue.SimpleQueue()

    def tell(self) -> None:
        """Stop."""
        self._told.put(None)

    @property
    def told(self) -> bool:
        """Whether anybody said so."""
        return not self._told.empty()

    def wait(self, seconds: float) -> None:
        """Wait for the word, so long at the most."""
        try:
            self._told.get(timeout=seconds)
        except queue.Empty:
            return
        self._told.put(None)
