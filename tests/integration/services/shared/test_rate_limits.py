"""Limits: counted in the database by one statement, exact however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text

from services.shared.rate_limits import Limit, clear_limits, consume, refund
from tests.locks import wait_until_held

SLOW = Limit("slow", at_once=3, seconds_each=1000)


def later(connection: Connection, seconds: float) -> None:
    """Let time pass: what is kept are moments."""
    connection.execute(text(f"UPDATE rate_limits SET free_at = free_at - make_interval(secs => {seconds})"))


def test_so_many_are_granted_at_once_and_then_it_is_told_how_long_to_wait(connection: Connection) -> None:
    assert [consume(connection, SLOW, "ana") for _ in range(3)] == [0, 0, 0]
    assert 900 < consume(connection, SLOW, "ana") <= 1000


def test_what_is_refused_is_not_counted(connection: Connection) -> None:
    for _ in range(10):
        consume(connection, SLOW, "ana")
    later(connection, 1000)
    assert consume(connection, SLOW, "ana") == 0
    assert consume(connection, SLOW, "ana") > 900


def test_after_a_while_one_more_is_granted_and_after_long_all_of_them(connection: Connection) -> None:
    for _ in range(3):
        consume(connection, SLOW, "ana")
    later(connection, 1000)
    assert [consume(connection, SLOW, "ana") > 0 for _ in range(2)] == [False, True]
    later(connection, 10_000)
    assert [consume(connection, SLOW, "ana") > 0 for _ in range(4)] == [False, False, False, True]


def test_each_subject_and_each_limit_counts_for_itself(connection: Connection) -> None:
    once = Limit("once", at_once=1, seconds_each=1000)
    assert [consume(connection, once, subject) > 0 for subject in ("ana", "eva", "ana")] == [False, False, True]
    assert consume(connection, SLOW, "ana") == 0


def test_what_is_given_back_can_be_taken_again(connection: Connection) -> None:
    for _ in range(3):
        consume(connection, SLOW, "ana")
    refund(connection, SLOW, "ana")
    assert consume(connection, SLOW, "ana") == 0
    assert consume(connection, SLOW, "ana") > 0
    refund(connection, SLOW, "nobody")


@pytest.mark.asvs("2.4.1")
def test_of_many_at_once_exactly_as_many_are_granted_as_there_are(engine: Engine) -> None:
    limit = Limit("race", at_once=10, seconds_each=1000)

    def use(_: int) -> bool:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            return consume(connection, limit, "ana") == 0

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(use, range(100))) == 10


def test_who_waited_for_the_last_one_is_refused_by_what_became_of_it(engine: Engine, connection: Connection) -> None:
    """A statement that waits for a row decides by the row as it is then, not as it was when the statement began."""
    limit = Limit("two", at_once=2, seconds_each=1000)
    assert consume(connection, limit, "ana") == 0
    with engine.connect() as first, ThreadPoolExecutor(1) as thread:
        first.begin()
        assert consume(first, limit, "ana") == 0
        second = thread.submit(consume, connection, limit, "ana")
        wait_until_held(engine, "INSERT INTO rate_limits")
        first.commit()
        assert 900 < second.result() <= 1000


def test_limits_that_are_free_again_are_forgotten(connection: Connection) -> None:
    consume(connection, SLOW, "ana")
    consume(connection, Limit("quick", at_once=1, seconds_each=0), "ana")
    clear_limits(connection)
    assert connection.execute(text("SELECT key FROM rate_limits")).scalars().all() == ["slow:ana"]
