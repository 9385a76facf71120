"""The word to stop is given and heard, whatever a signal interrupts."""

from __future__ import annotations

import sys
import threading
import time
from types import FrameType
from typing import Any

from services.worker.shutdown import Stopping


def test_it_is_heard_by_who_asks_and_by_who_waits() -> None:
    stopping = Stopping()
    assert not stopping.told
    stopping.wait(0.01)
    assert not stopping.told

    threading.Timer(0.05, stopping.tell).start()
    began = time.monotonic()
    stopping.wait(60)
    assert stopping.told and time.monotonic() - began < 50
    stopping.wait(60)
    assert stopping.told, "it is heard by everybody"
    assert time.monotonic() - began < 50


def test_it_may_be_given_in_the_midst_of_being_given_or_waited_for() -> None:
    stopping = Stopping()

    def interrupt(_frame: FrameType, _event: str, _argument: Any) -> Any:
        # As a signal does, between any two steps of the same thread.
        sys.settrace(None)
        stopping.tell()
        sys.settrace(interrupt)
        return interrupt

    def interrupted() -> None:
        sys.settrace(interrupt)
        stopping.wait(0.01)
        stopping.tell()
        sys.settrace(None)

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert stopping.told
