"""Concurrent requests for one key compute its value once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from services.portal.single_flight_cache import SingleFlightCache


def test_value_is_cached_until_it_expires() -> None:
    clock, computed = SimpleNamespace(now=0.0), iter(range(10))
    cache = SingleFlightCache(1, clock=lambda: clock.now)
    assert [cache.get("a", lambda: next(computed)) for _ in range(3)] == [0, 0, 0]
    assert cache.get("b", lambda: next(computed)) == 1
    clock.now = 0.99
    assert cache.get("a", lambda: next(computed)) == 0
    clock.now = 1.0
    assert cache.get("a", lambda: next(computed)) == 2


def test_concurrent_callers_share_one_computation() -> None:
    cache, barrier, computed = SingleFlightCache(60), threading.Barrier(20), []

    def compute() -> int:
        computed.append(1)
        return len(computed)

    def get(_: int) -> int:
        barrier.wait()
        value: int = cache.get("a", compute)
        return value

    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(get, range(20))) == {1}


def test_error_reaches_all_waiters_and_is_not_cached() -> None:
    cache, started, unblock = SingleFlightCache(60), threading.Event(), threading.Event()

    def fail() -> None:
        started.set()
        unblock.wait()
        raise ValueError("the database is gone")

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(cache.get, "a", fail)
        started.wait()
        second = threads.submit(cache.get, "a", lambda: "never computed")
        unblock.set()
        for waiting in (first, second):
            with pytest.raises(ValueError, match="the database is gone"):
                waiting.result()
    assert cache.get("a", lambda: "back") == "back"


def test_cache_size_is_bounded() -> None:
    clock = SimpleNamespace(now=0.0)
    cache = SingleFlightCache(1, clock=lambda: clock.now)
    for number in range(2000):
        clock.now = float(number)
        cache.get(number, lambda: None)
    assert len(cache._entries) <= 501
