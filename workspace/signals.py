"""The signals that ask a command to end: Ctrl-C and SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def taken_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Give the signals to a handler while the block runs.

    Args:
        handler: told which signal came, as by ``signal.signal``.
    """
    before = {number: signal.signal(number, handler) for number in _ENDING}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def ignore() -> None:
    """From here on everything is being stopped already."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
