"""QueueWorkersMonitoring: too busy, too few, or nobody for what waits."""

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
def made(software: pathlib.Path, **changes: Any) -> Template:
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
def watching(software: pathlib.Path) -> Alarms:
    return alarms(made(software, capacity=Capacity(2, 10, 2)), "shop-worker")


@pytest.fixture
def from_zero(software: pathlib.Path) -> Alarms:
    return alarms(made(software, capacity=Capacity(0, 10, 0)), "shop-worker")


@pytest.mark.snapshot
@pytest.mark.parametrize("minimum", [0, 2])
def test_queue_workers_monitoring(recorded: SnapshotAssertion, software: pathlib.Path, minimum: int) -> None:
    shown = made(software, capacity=Capacity(minimum, 10, 2)).readable()["resource"]

    assert {kind: shown[kind] for kind in shown if kind.startswith("aws_cloudwatch")} == recorded


def test_the_names_are_the_same_with_and_without_a_minimum(watching: Alarms, from_zero: Alarms) -> None:
    assert set(watching) == set(from_zero) == {"asg-high-cpu", "asg-low-capacity", "asg-launches-failing"}


@pytest.mark.parametrize(
    ("cpu", "expected"), [([86] * 10, ALARM), ([85] * 10, OK), ([None] * 10, OK)], ids=["busy", "just not", "empty"]
)
def test_they_are_busy(watching: Alarms, cpu: list[float], expected: str) -> None:
    assert state(watching["asg-high-cpu"], {"CPUUtilization": cpu}) == expected


@pytest.mark.parametrize(
    ("serving", "expected"),
    [([1, 1], ALARM), ([0, 0], ALARM), ([2, 2], OK), ([1, 2], OK), ([None, None], ALARM)],
    ids=["one of two", "none", "the least", "for one minute", "silent"],
)
def test_fewer_than_there_must_be(watching: Alarms, serving: list[float], expected: str) -> None:
    assert state(watching["asg-low-capacity"], {SERVING: serving}) == expected


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
    ids=["nobody comes", "the group is silent", "nothing to do", "not long yet", "somebody came", "hours of nothing"],
)
def test_nobody_for_what_waits(from_zero: Alarms, waiting: list[float], serving: list[float], expected: str) -> None:
    assert state(from_zero["asg-low-capacity"], {WAITING: waiting, SERVING: serving}) == expected


def test_launches_fail(watching: Alarms) -> None:
    assert state(watching["asg-launches-failing"], {DESIRED: [3] * 15, SERVING: [2] * 15}) == ALARM
    assert state(watching["asg-launches-failing"], {DESIRED: [2] * 15, SERVING: [2] * 15}) == OK
