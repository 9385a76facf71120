"""QueueWorkersMonitoring: high CPU, too few workers, no worker for waiting messages."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from alarms import Alarms, alarms, template
from once import once
from scenes import queue_workers
from syrupy.assertion import SnapshotAssertion

from constructs_lib import Capacity, QueueWorkersMonitoring
from constructs_lib.testing import Template
from constructs_lib.testing.cloudwatch import ALARM, OK, state

WAITING, SERVING, DESIRED = "ApproximateNumberOfMessagesVisible", "GroupInServiceInstances", "GroupDesiredCapacity"


@once
def monitoring_template(software: pathlib.Path, **changes: Any) -> Template:
    return template(
        lambda stack, topic: QueueWorkersMonitoring(
            stack,
            "monitoring",
            workers=queue_workers(stack, software, **changes),
            name="shop-worker",
            on_alarm=topic,
        )
    )


@pytest.fixture
def worker_alarms(software: pathlib.Path) -> Alarms:
    return alarms(monitoring_template(software, capacity=Capacity(2, 10, 2)), "shop-worker")


@pytest.fixture
def from_zero(software: pathlib.Path) -> Alarms:
    return alarms(monitoring_template(software, capacity=Capacity(0, 10, 0)), "shop-worker")


@pytest.mark.snapshot
@pytest.mark.parametrize("minimum", [0, 2])
def test_queue_workers_monitoring(recorded: SnapshotAssertion, software: pathlib.Path, minimum: int) -> None:
    resources = monitoring_template(software, capacity=Capacity(minimum, 10, 2)).readable()["resource"]

    assert {kind: resources[kind] for kind in resources if kind.startswith("aws_cloudwatch")} == recorded


def test_alarm_names_are_the_same_with_and_without_a_minimum(worker_alarms: Alarms, from_zero: Alarms) -> None:
    assert set(worker_alarms) == set(from_zero) == {"asg-high-cpu", "asg-low-capacity", "asg-launches-failing"}


@pytest.mark.parametrize(
    ("cpu", "expected"), [([86] * 10, ALARM), ([85] * 10, OK), ([None] * 10, OK)], ids=["busy", "at the limit", "empty"]
)
def test_high_cpu(worker_alarms: Alarms, cpu: list[float], expected: str) -> None:
    assert state(worker_alarms["asg-high-cpu"], {"CPUUtilization": cpu}) == expected


@pytest.mark.parametrize(
    ("serving", "expected"),
    [([1, 1], ALARM), ([0, 0], ALARM), ([2, 2], OK), ([1, 2], OK), ([None, None], ALARM)],
    ids=["one of two", "none", "the minimum", "for one minute", "no data"],
)
def test_fewer_workers_than_the_minimum(worker_alarms: Alarms, serving: list[float], expected: str) -> None:
    assert state(worker_alarms["asg-low-capacity"], {SERVING: serving}) == expected


@pytest.mark.parametrize(
    ("waiting", "serving", "expected"),
    [
        ([1] * 10, [0] * 10, ALARM),
        ([1] * 10, [None] * 10, ALARM),
        ([0] * 10, [0] * 10, OK),
        ([0] + [1] * 9, [0] * 10, OK),
        ([1] * 10, [0] * 9 + [1], OK),
        ([None] * 10, [None] * 10, OK),
    ],
    ids=["none starts", "no data from the group", "empty queue", "nine minutes", "one started", "unused for hours"],
)
def test_no_worker_for_waiting_messages(
    from_zero: Alarms, waiting: list[float], serving: list[float], expected: str
) -> None:
    assert state(from_zero["asg-low-capacity"], {WAITING: waiting, SERVING: serving}) == expected


def test_failing_launches(worker_alarms: Alarms) -> None:
    assert state(worker_alarms["asg-launches-failing"], {DESIRED: [3] * 15, SERVING: [2] * 15}) == ALARM
    assert state(worker_alarms["asg-launches-failing"], {DESIRED: [2] * 15, SERVING: [2] * 15}) == OK
