"""WebServiceMonitoring: slow responses, errors, unhealthy or missing targets."""

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

TARGET_ERRORS, BALANCER_ERRORS, REQUESTS = "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"


@once
def monitoring_template(software: pathlib.Path, *, capacity: Capacity | None = None, **changes: Any) -> Template:
    def build(stack: Any, topic: Any) -> WebServiceMonitoring:
        service = web_service(stack, software, capacity=capacity or Capacity(1, 3, 2))
        return WebServiceMonitoring(stack, "monitoring", service=service, name="shop", on_alarm=topic, **changes)

    return template(build)


@pytest.fixture
def service_alarms(software: pathlib.Path) -> Alarms:
    return alarms(monitoring_template(software), "shop")


@pytest.mark.snapshot
def test_web_service_monitoring(recorded: SnapshotAssertion, software: pathlib.Path) -> None:
    resources = monitoring_template(software).readable()["resource"]

    assert {kind: resources[kind] for kind in resources if kind.startswith("aws_cloudwatch")} == recorded


def test_alarm_names(service_alarms: Alarms) -> None:
    assert set(service_alarms) == {
        "unhealthy-hosts",
        "high-response-time",
        "server-errors",
        "asg-high-cpu",
        "asg-launches-failing",
    }


@pytest.mark.parametrize(
    ("unhealthy", "expected"),
    [([1, 1], ALARM), ([0, 1], OK), ([0, 0], OK), ([None, None], ALARM)],
    ids=["for two minutes", "for one", "none", "none registered"],
)
def test_unhealthy_hosts(service_alarms: Alarms, unhealthy: list[float], expected: str) -> None:
    assert state(service_alarms["unhealthy-hosts"], {"UnHealthyHostCount": unhealthy}) == expected


def test_service_with_a_minimum_of_zero_may_have_no_targets(software: pathlib.Path) -> None:
    service_alarms = alarms(monitoring_template(software, capacity=Capacity(0, 3, 0)), "shop")

    assert state(service_alarms["unhealthy-hosts"], {"UnHealthyHostCount": [None, None]}) == OK


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([0.6] * 10, ALARM), ([0.5] * 10, OK), ([3.0] * 5 + [0.1] * 5, OK), ([None] * 10, OK)],
    ids=["slow", "at the limit", "slow for five minutes", "no requests"],
)
def test_high_response_time(service_alarms: Alarms, seconds: list[float], expected: str) -> None:
    assert state(service_alarms["high-response-time"], {"TargetResponseTime": seconds}) == expected


def test_response_time_limit_is_configurable(software: pathlib.Path) -> None:
    service_alarms = alarms(monitoring_template(software, slow=timedelta(seconds=2)), "shop")

    assert state(service_alarms["high-response-time"], {"TargetResponseTime": [1.9] * 10}) == OK


@pytest.mark.parametrize(
    ("target_errors", "balancer_errors", "requests", "expected"),
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
        "6 %",
        "5 %",
        "for two minutes",
        "both kinds together",
        "no target answers",
        "one failed request a minute",
        "two failed requests a minute",
        "no errors",
        "no requests",
    ],
)
def test_server_errors(
    service_alarms: Alarms,
    target_errors: list[float],
    balancer_errors: list[float],
    requests: list[float],
    expected: str,
) -> None:
    assert (
        state(
            service_alarms["server-errors"],
            {TARGET_ERRORS: target_errors, BALANCER_ERRORS: balancer_errors, REQUESTS: requests},
        )
        == expected
    )


@pytest.mark.parametrize(
    ("cpu", "expected"), [([81] * 10, ALARM), ([80] * 10, OK), ([None] * 10, OK)], ids=["busy", "at the limit", "empty"]
)
def test_high_cpu(service_alarms: Alarms, cpu: list[float], expected: str) -> None:
    assert state(service_alarms["asg-high-cpu"], {"CPUUtilization": cpu}) == expected


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
    ids=["one missing", "all missing", "complete", "growing", "complete from time to time", "rolling", "no data"],
)
def test_failing_launches(service_alarms: Alarms, desired: list[float], serving: list[float], expected: str) -> None:
    samples = {"GroupDesiredCapacity": desired, "GroupInServiceInstances": serving}

    assert state(service_alarms["asg-launches-failing"], samples) == expected


def test_response_time_limit_must_be_positive(software: pathlib.Path) -> None:
    with pytest.raises(
        ConstructError, match=r"test/monitoring: slow is 0.0; must be between 0.001 and 3600\. Fix: use 0.5 s"
    ):
        monitoring_template(software, slow=timedelta(0))
