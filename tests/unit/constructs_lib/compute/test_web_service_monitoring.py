"""WebServiceMonitoring: people wait, get errors, or find nobody."""

from __future__ import annotations

import pathlib
from datetime import timedelta
from typing import Any

import pytest
from alarms import Alarms, alarms, template
from once import once
from scenes import web_service
from syrupy.assertion import SnapshotAssertion

from constructs_lib import Capacity, ConstructError, WebServiceMonitoring
from constructs_lib.testing import Template
from constructs_lib.testing.cloudwatch import ALARM, OK, state

OWN, UNANSWERED, REQUESTS = "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"


@once
def made(software: pathlib.Path, *, capacity: Capacity | None = None, **changes: Any) -> Template:
    def build(stack: Any, topic: Any) -> WebServiceMonitoring:
        service = web_service(stack, software, capacity=capacity or Capacity(1, 3, 2))
        return WebServiceMonitoring(stack, "monitoring", service=service, name="shop", on_alarm=topic, **changes)

    return template(build)


@pytest.fixture
def watching(software: pathlib.Path) -> Alarms:
    return alarms(made(software), "shop")


@pytest.mark.snapshot
def test_web_service_monitoring(recorded: SnapshotAssertion, software: pathlib.Path) -> None:
    shown = made(software).readable()["resource"]

    assert {kind: shown[kind] for kind in shown if kind.startswith("aws_cloudwatch")} == recorded


def test_the_names(watching: Alarms) -> None:
    assert set(watching) == {
        "unhealthy-hosts",
        "high-response-time",
        "server-errors",
        "asg-high-cpu",
        "asg-launches-failing",
    }


@pytest.mark.parametrize(
    ("unhealthy", "expected"),
    [([1, 1], ALARM), ([0, 1], OK), ([0, 0], OK), ([None, None], ALARM)],
    ids=["for two minutes", "for one", "none", "none is registered"],
)
def test_an_instance_does_not_answer(watching: Alarms, unhealthy: list[float], expected: str) -> None:
    assert state(watching["unhealthy-hosts"], {"UnHealthyHostCount": unhealthy}) == expected


def test_a_service_that_may_be_empty_may_have_no_targets(software: pathlib.Path) -> None:
    watching = alarms(made(software, capacity=Capacity(0, 3, 0)), "shop")

    assert state(watching["unhealthy-hosts"], {"UnHealthyHostCount": [None, None]}) == OK


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([0.6] * 10, ALARM), ([0.5] * 10, OK), ([3.0] * 5 + [0.1] * 5, OK), ([None] * 10, OK)],
    ids=["slow", "just not", "slow for five minutes", "nobody asks"],
)
def test_people_wait(watching: Alarms, seconds: list[float], expected: str) -> None:
    assert state(watching["high-response-time"], {"TargetResponseTime": seconds}) == expected


def test_how_slow_is_too_slow_can_be_said(software: pathlib.Path) -> None:
    watching = alarms(made(software, slow=timedelta(seconds=2)), "shop")

    assert state(watching["high-response-time"], {"TargetResponseTime": [1.9] * 10}) == OK


@pytest.mark.parametrize(
    ("own", "unanswered", "requests", "expected"),
    [
        ([6, 6, 6], [None] * 3, [100] * 3, ALARM),
        ([5, 5, 5], [None] * 3, [100] * 3, OK),
        ([50, 50, None], [None] * 3, [100] * 3, OK),
        ([3, 3, 3], [3, 3, 3], [100] * 3, ALARM),
        ([None] * 3, [9, 9, 9], [None] * 3, ALARM),
        ([1, 1, 1], [None] * 3, [1, 1, 1], OK),
        ([2, 2, 2], [None] * 3, [2, 2, 2], ALARM),
        ([None] * 3, [None] * 3, [100] * 3, OK),
        ([None] * 3, [None] * 3, [None] * 3, OK),
    ],
    ids=[
        "six of a hundred",
        "five of a hundred",
        "for two minutes",
        "both kinds together",
        "nobody is left to answer",
        "the only request, each minute",
        "the only two",
        "no errors",
        "nobody asks",
    ],
)
def test_people_get_errors(
    watching: Alarms, own: list[float], unanswered: list[float], requests: list[float], expected: str
) -> None:
    assert state(watching["server-errors"], {OWN: own, UNANSWERED: unanswered, REQUESTS: requests}) == expected


@pytest.mark.parametrize(
    ("cpu", "expected"), [([81] * 10, ALARM), ([80] * 10, OK), ([None] * 10, OK)], ids=["busy", "just not", "empty"]
)
def test_it_is_busy(watching: Alarms, cpu: list[float], expected: str) -> None:
    assert state(watching["asg-high-cpu"], {"CPUUtilization": cpu}) == expected


@pytest.mark.parametrize(
    ("desired", "serving", "expected"),
    [
        ([2] * 15, [1] * 15, ALARM),
        ([1] * 15, [0] * 15, ALARM),
        ([2] * 15, [2] * 15, OK),
        ([1] * 5 + [2] * 10, [1] * 10 + [2] * 5, OK),
        ([2] * 15, ([1] * 4 + [2]) * 3, OK),
        ([3] * 15, [4] * 15, OK),
        ([None] * 15, [None] * 15, OK),
    ],
    ids=["one is missing", "all are", "whole", "growing", "now and then whole", "rolling", "not measured"],
)
def test_launches_fail(watching: Alarms, desired: list[float], serving: list[float], expected: str) -> None:
    samples = {"GroupDesiredCapacity": desired, "GroupInServiceInstances": serving}

    assert state(watching["asg-launches-failing"], samples) == expected


def test_it_refuses_a_time_that_nobody_waits(software: pathlib.Path) -> None:
    with pytest.raises(
        ConstructError, match=r"test/monitoring: slow is 0.0; must be between 0.001 and 3600\. Fix: use 0.5 s"
    ):
        made(software, slow=timedelta(0))
