"""What many ask at once is asked of the database once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.portal.single_flight_cache import SingleFlightCache


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_kept_until_its_time_is_over() -> None:
    clock, made = Clock(), iter(range(10))
    kept = SingleFlightCache(1, clock=clock)
    assert [kept.get("a", lambda: next(made)) for _ in range(3)] == [0, 0, 0]
    assert kept.get("b", lambda: next(made)) == 1
    clock.now = 0.99
    assert kept.get("a", lambda: next(made)) == 0
    clock.now = 1.0
    assert kept.get("a", lambda: next(made)) == 2


def test_those_who_ask_while_it_is_made_wait_for_the_same_answer() -> None:
    kept, asked, made = SingleFlightCache(60), threading.Barrier(20), []

    def make() -> int:
        made.append(1)
        return len(made)

    def ask(_: int) -> int:
        asked.wait()
        answer: int = kept.get("a", make)
        return answer

    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(ask, range(20))) == {1}


def test_a_failure_is_told_to_all_who_waited_and_not_kept() -> None:
    kept, begun, go_on = SingleFlightCache(60), threading.Event(), threading.Event()

    def fail() -> None:
        begun.set()
        go_on.wait()
        raise ValueError("the database is gone")

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(kept.get, "a", fail)
        begun.wait()
        second = threads.submit(kept.get, "a", lambda: "never made")
        go_on.set()
        for waiting in (first, second):
            with pytest.raises(ValueError, match="the database is gone"):
                waiting.result()
    assert kept.get("a", lambda: "back") == "back"


def test_it_does_not_grow_for_ever() -> None:
    clock = Clock()
    kept = SingleFlightCache(1, clock=clock)
    for number in range(2000):
        clock.now = float(number)
        kept.get(number, lambda: None)
    assert len(kept._answers) <= 501
