"""The metric math of backlog scaling, evaluated: the quotient, no division by zero, the first instance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.messaging.backlog_scaling import BACKLOG, STRANDED
from constructs_lib.testing.cloudwatch import Value, evaluate


@given(st.integers(0, 10**6), st.integers(1, 1000))
def test_backlog_is_messages_per_instance(waiting: int, instances: int) -> None:
    assert evaluate(BACKLOG, waiting=waiting, instances=instances) == waiting / instances


@pytest.mark.parametrize("instances", [0, None])
@given(st.integers(0, 10**6))
def test_empty_group_counts_as_one_instance(instances: Value, waiting: int) -> None:
    assert evaluate(BACKLOG, waiting=waiting, instances=instances) == waiting


def test_missing_queue_data_gives_no_value() -> None:
    assert evaluate(BACKLOG, waiting=None, instances=3) is None
    assert evaluate(STRANDED, waiting=None, instances=0) is None


@pytest.mark.parametrize(
    ("waiting", "instances", "launches"),
    [(5, 0, True), (1, None, True), (0, 0, False), (5, 1, False), (0, 3, False)],
)
def test_first_instance_is_launched_for_waiting_messages(waiting: Value, instances: Value, launches: bool) -> None:
    stranded = evaluate(STRANDED, waiting=waiting, instances=instances)

    assert stranded is not None
    assert (stranded > 0) is launches


def test_plain_quotient_has_no_value_for_an_empty_group() -> None:
    assert evaluate("waiting / instances", waiting=5, instances=0) is None
