"""QueueMonitoring: too many messages, an old message, a dead letter."""

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
def monitoring_template(**changes: Any) -> Template:
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
def queue_alarms() -> Alarms:
    return alarms(monitoring_template(), "shop-queue")


@pytest.mark.snapshot
def test_queue_monitoring(recorded: SnapshotAssertion) -> None:
    assert monitoring_template().readable() == recorded


def test_alarm_names(queue_alarms: Alarms) -> None:
    assert set(queue_alarms) == {"queue-depth-high", "message-age-high", "dlq-messages"}


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        ([31] * 10, ALARM),
        ([30] * 10, OK),
        ([0] * 5 + [500] * 5, OK),
        ([None] * 10, OK),
    ],
    ids=["above for ten minutes", "at the limit", "a burst", "unused for hours"],
)
def test_queue_depth(queue_alarms: Alarms, waiting: list[float], expected: str) -> None:
    assert state(queue_alarms["queue-depth-high"], {WAITING: waiting}) == expected


@pytest.mark.parametrize(
    ("ages", "expected"),
    [([0, 0, 0, 0, 601], ALARM), ([600] * 5, OK), ([None] * 5, OK)],
    ids=["one minute is enough", "at the limit", "unused for hours"],
)
def test_message_age(queue_alarms: Alarms, ages: list[float], expected: str) -> None:
    assert state(queue_alarms["message-age-high"], {AGE: ages}) == expected


@pytest.mark.parametrize(
    ("dead", "expected"),
    [([1], ALARM), ([0], OK), ([None], AS_BEFORE)],
    ids=["one", "none", "no data keeps the state"],
)
def test_dead_letters(queue_alarms: Alarms, dead: list[float], expected: str) -> None:
    assert state(queue_alarms["dlq-messages"], {WAITING: dead}) == expected


def test_each_alarm_watches_its_queue(queue_alarms: Alarms) -> None:
    def queue(alarm: str) -> str:
        return str(queue_alarms[alarm]["dimensions"]["QueueName"])

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
def test_invalid_arguments_are_rejected(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        monitoring_template(**changes)
