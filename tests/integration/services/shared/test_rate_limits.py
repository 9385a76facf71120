"""Rate limits: exact under concurrent use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text

from services.shared.rate_limits import Limit, clear_limits, consume, refund
from tests.locks import wait_until_held

SLOW = Limit("slow", at_once=3, seconds_each=1000)


def pass_time(connection: Connection, seconds: float) -> None:
    """Move all stored times into the past."""
    connection.execute(text(f"UPDATE rate_limits SET free_at = free_at - make_interval(secs => {seconds})"))


def test_burst_is_granted_then_the_wait_is_returned(connection: Connection) -> None:
    assert [consume(connection, SLOW, "ana") for _ in range(3)] == [0, 0, 0]
    assert 900 < consume(connection, SLOW, "ana") <= 1000


def test_rejected_uses_are_not_counted(connection: Connection) -> None:
    for _ in range(10):
        consume(connection, SLOW, "ana")
    pass_time(connection, 1000)
    assert consume(connection, SLOW, "ana") == 0
    assert consume(connection, SLOW, "ana") > 900


def test_uses_become_available_over_time(connection: Connection) -> None:
    for _ in range(3):
        consume(connection, SLOW, "ana")
    pass_time(connection, 1000)
    assert [consume(connection, SLOW, "ana") > 0 for _ in range(2)] == [False, True]
    pass_time(connection, 10_000)
    assert [consume(connection, SLOW, "ana") > 0 for _ in range(4)] == [False, False, False, True]


def test_subjects_and_limits_are_independent(connection: Connection) -> None:
    once = Limit("once", at_once=1, seconds_each=1000)
    assert [consume(connection, once, subject) > 0 for subject in ("ana", "eva", "ana")] == [False, False, True]
    assert consume(connection, SLOW, "ana") == 0


def test_refunded_use_can_be_consumed_again(connection: Connection) -> None:
    for _ in range(3):
        consume(connection, SLOW, "ana")
    refund(connection, SLOW, "ana")
    assert consume(connection, SLOW, "ana") == 0
    assert consume(connection, SLOW, "ana") > 0
    refund(connection, SLOW, "unknown")


@pytest.mark.asvs("2.4.1")
def test_concurrent_uses_never_exceed_the_burst(engine: Engine) -> None:
    limit = Limit("race", at_once=10, seconds_each=1000)

    def use(_: int) -> bool:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            return consume(connection, limit, "ana") == 0

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(use, range(100))) == 10


def test_use_that_waited_for_a_row_sees_its_new_value(engine: Engine, connection: Connection) -> None:
    """A statement that waits for a row decides by the row's new value, not by its value at the statement's start."""
    limit = Limit("two", at_once=2, seconds_each=1000)
    assert consume(connection, limit, "ana") == 0
    with engine.connect() as first, ThreadPoolExecutor(1) as thread:
        first.begin()
        assert consume(first, limit, "ana") == 0
        second = thread.submit(consume, connection, limit, "ana")
        wait_until_held(engine, "INSERT INTO rate_limits")
        first.commit()
        assert 900 < second.result() <= 1000


def test_unused_limits_are_deleted(connection: Connection) -> None:
    consume(connection, SLOW, "ana")
    consume(connection, Limit("quick", at_once=1, seconds_each=0), "ana")
    clear_limits(connection)
    assert connection.execute(text("SELECT key FROM rate_limits")).scalars().all() == ["slow:ana"]
