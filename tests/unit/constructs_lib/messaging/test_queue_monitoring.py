"""QueueMonitoring: too many wait, one waits too long, one died."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from alarms import Alarms, alarms, template
from once import once
from syrupy.assertion import SnapshotAssertion

from constructs_lib import ConstructError, Queue, QueueMonitoring
from constructs_lib.testing import Template
from constructs_lib.testing.cloudwatch import ALARM, AS_BEFORE, OK, state

WAITING, AGE = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"


@once
def made(**changes: Any) -> Template:
    arguments = {"name": "shop-queue", "depth": 30, "oldest": timedelta(minutes=10), **changes}
    return template(
        lambda stack, topic: QueueMonitoring(
            stack,
            "monitoring",
            queue=Queue(stack, "orders", name="orders", max_job=timedelta(minutes=2)),
            on_alarm=topic,
            **arguments,
        )
    )


@pytest.fixture
def watching() -> Alarms:
    return alarms(made(), "shop-queue")


@pytest.mark.snapshot
def test_queue_monitoring(recorded: SnapshotAssertion) -> None:
    assert made().readable() == recorded


def test_the_names(watching: Alarms) -> None:
    assert set(watching) == {"queue-depth-high", "message-age-high", "dlq-messages"}


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        ([31] * 10, ALARM),
        ([30] * 10, OK),
        ([0] * 5 + [500] * 5, OK),
        ([None] * 10, OK),
    ],
    ids=["ten minutes too many", "just enough", "a burst", "nobody has used it for hours"],
)
def test_too_many_wait(watching: Alarms, waiting: list[float], expected: str) -> None:
    assert state(watching["queue-depth-high"], {WAITING: waiting}) == expected


@pytest.mark.parametrize(
    ("ages", "expected"),
    [([0, 0, 0, 0, 601], ALARM), ([600] * 5, OK), ([None] * 5, OK)],
    ids=["one minute is enough", "just in time", "nobody has used it for hours"],
)
def test_one_waits_too_long(watching: Alarms, ages: list[float], expected: str) -> None:
    assert state(watching["message-age-high"], {AGE: ages}) == expected


@pytest.mark.parametrize(
    ("dead", "expected"),
    [([1], ALARM), ([0], OK), ([None], AS_BEFORE)],
    ids=["one is enough", "none", "silence does not bury it"],
)
def test_one_died(watching: Alarms, dead: list[float], expected: str) -> None:
    assert state(watching["dlq-messages"], {WAITING: dead}) == expected


def test_each_alarm_looks_at_its_own_queue(watching: Alarms) -> None:
    def queue(alarm: str) -> str:
        return str(watching[alarm]["dimensions"]["QueueName"])

    assert queue("queue-depth-high") == queue("message-age-high") != queue("dlq-messages")
    assert "dead-letters" in queue("dlq-messages")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depth": 0}, r"test/monitoring: depth is 0; must be between 1 and 1e\+09"),
        (
            {"oldest": timedelta(days=4)},
            r"oldest is '4 days, 0:00:00'; .* shorter than the queue's retention \(4 days, 0:00:00\)\. Fix: raise",
        ),
        ({"oldest": timedelta(0)}, r"oldest is '0:00:00'"),
    ],
)
def test_what_it_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        made(**changes)
