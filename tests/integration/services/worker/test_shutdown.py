"""Shutdown requests from signal handlers."""

from __future__ import annotations

import sys
import threading
import time
from types import FrameType
from typing import Any

from services.worker.__main__ import ShutdownRequest


def test_request_is_seen_by_polling_and_waiting() -> None:
    shutdown = ShutdownRequest()
    assert not shutdown.requested
    shutdown.wait(0.01)
    assert not shutdown.requested

    threading.Timer(0.05, shutdown.request).start()
    started = time.monotonic()
    shutdown.wait(60)
    assert shutdown.requested and time.monotonic() - started < 50
    shutdown.wait(60)
    assert shutdown.requested, "the request stays set"
    assert time.monotonic() - started < 50


def test_request_during_request_or_wait_does_not_deadlock() -> None:
    shutdown = ShutdownRequest()

    def interrupt(_frame: FrameType, _event: str, _argument: Any) -> Any:
        # Runs between any two steps of the same thread, as a signal handler does.
        sys.settrace(None)
        shutdown.request()
        sys.settrace(interrupt)
        return interrupt

    def interrupted() -> None:
        sys.settrace(interrupt)
        shutdown.wait(0.01)
        shutdown.request()
        sys.settrace(None)

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert shutdown.requested
