"""Each alarm of ANB goes to ALARM on the samples it is meant for, and on no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from constructs_lib.testing import Template
from constructs_lib.testing.cloudwatch import ALARM, AS_BEFORE, OK, Samples, Value, composite_state, state

App = dict[str, Template]
PREFIX = "anb-production-"
GIB = 1024**3


def cpu(*percent: Value) -> Samples:
    return {"CPUUtilization": percent}


def responses(service_errors: Value, load_balancer_errors: Value, requests: Value, minutes: int) -> Samples:
    return {
        "HTTPCode_Target_5XX_Count": [service_errors] * minutes,
        "HTTPCode_ELB_5XX_Count": [load_balancer_errors] * minutes,
        "RequestCount": [requests] * minutes,
    }


def errors(minutes: int) -> dict[str, tuple[Samples, str]]:
    """Error-rate cases of two alarms with different periods."""
    one_minute_short = {name: [*samples[1:], None] for name, samples in responses(50, None, 100, minutes).items()}
    return {
        "6 %": (responses(6, None, 100, minutes), ALARM),
        "5 %": (responses(5, None, 100, minutes), OK),
        "3 % from the service and 3 % from the load balancer": (responses(3, 3, 100, minutes), ALARM),
        "no target answers": (responses(None, 9, None, minutes), ALARM),
        "one failed request a minute and no other": (responses(1, None, 1, minutes), OK),
        "half of all, for a minute less than the alarm needs": (one_minute_short, OK),
        "no errors": (responses(None, None, 100, minutes), OK),
        "no requests": (responses(None, None, None, minutes), OK),
    }


def launches(busy: int = 2) -> dict[str, tuple[Samples, str]]:
    def group(desired: list[Value], serving: list[Value]) -> Samples:
        return {"GroupDesiredCapacity": desired, "GroupInServiceInstances": serving}

    return {
        "one instance is missing": (group([busy] * 15, [busy - 1] * 15), ALARM),
        "all in service": (group([busy] * 15, [busy] * 15), OK),
        "the group grows": (group([1] * 5 + [busy] * 10, [1] * 10 + [busy] * 5), OK),
        "complete from time to time": (group([busy] * 15, ([1] * 4 + [busy]) * 3), OK),
        "more than desired during an instance refresh": (group([busy] * 15, [busy + 1] * 15), OK),
        "no data": (group([None] * 15, [None] * 15), OK),
    }


def busy(percent: int) -> dict[str, tuple[Samples, str]]:
    return {
        "above the threshold for ten minutes": (cpu(*[percent + 1] * 10), ALARM),
        "at the threshold": (cpu(*[percent] * 10), OK),
        "five minutes at full load": (cpu(*[10] * 5, *[100] * 5), OK),
        "no instances": (cpu(*[None] * 10), OK),
    }


WAITING, AGE, SERVING = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "GroupInServiceInstances"
UNHEALTHY, SECONDS, GIVEN_UP = "UnHealthyHostCount", "TargetResponseTime", "VideosGivenUp"
FREE, CONNECTIONS = "FreeStorageSpace", "DatabaseConnections"

CASES: dict[str, dict[str, tuple[Samples, str]]] = {
    "unhealthy-hosts": {
        "one unhealthy for two minutes": ({UNHEALTHY: [1, 1]}, ALARM),
        "one unhealthy for a minute": ({UNHEALTHY: [1, 0]}, OK),
        "all healthy": ({UNHEALTHY: [0, 0]}, OK),
        "none is registered": ({UNHEALTHY: [None, None]}, ALARM),
    },
    "high-response-time": {
        "0.51 s on average": ({SECONDS: [0.51] * 10}, ALARM),
        "0.5 s on average": ({SECONDS: [0.5] * 10}, OK),
        "slow for five minutes": ({SECONDS: [0.1] * 5 + [9] * 5}, OK),
        "no requests": ({SECONDS: [None] * 10}, OK),
    },
    "server-errors": errors(3),
    "asg-high-cpu": busy(80),
    "asg-launches-failing": launches(),
    "sqs-queue-depth-high": {
        "one more than three workers start in 250 s": ({WAITING: [31] * 10}, ALARM),
        "as many as they start": ({WAITING: [30] * 10}, OK),
        "a peak of five minutes": ({WAITING: [0] * 5 + [500] * 5}, OK),
        "hours without a video": ({WAITING: [None] * 10}, OK),
    },
    "sqs-message-age-high": {
        "a second over acceptable wait, startup and longest job, in whole minutes": ({AGE: [0, 0, 0, 0, 1201]}, ALARM),
        "exactly at the limit": ({AGE: [1200] * 5}, OK),
        "hours without a video": ({AGE: [None] * 5}, OK),
    },
    "sqs-dlq-messages": {
        "one message": ({WAITING: [1]}, ALARM),
        "none": ({WAITING: [0]}, OK),
        "no data keeps the state": ({WAITING: [None]}, AS_BEFORE),
    },
    "worker-asg-high-cpu": busy(85),
    "worker-asg-low-capacity": {
        "no worker for two minutes": ({SERVING: [0, 0]}, ALARM),
        "no worker for a minute": ({SERVING: [0, 1]}, OK),
        "the minimum of one": ({SERVING: [1, 1]}, OK),
        "no data from the group": ({SERVING: [None, None]}, ALARM),
    },
    "worker-asg-launches-failing": launches(3),
    "videos-given-up": {
        "one in five minutes": ({GIVEN_UP: [0, 1, 0, 0, 0]}, ALARM),
        "none": ({GIVEN_UP: [0] * 5}, OK),
        "no data": ({GIVEN_UP: [None] * 5}, OK),
    },
    "rds-high-cpu": {
        **busy(80),
        "no instances": (cpu(*[None] * 10), ALARM),
        "a failover of five minutes": (cpu(*[20] * 5, *[None] * 5), OK),
    },
    "rds-low-storage": {
        "a byte less than 2 GiB": ({FREE: [9 * GIB] * 4 + [2 * GIB - 1]}, ALARM),
        "2 GiB": ({FREE: [2 * GIB] * 5}, OK),
        "no data keeps the state": ({FREE: [None] * 5}, AS_BEFORE),
    },
    "rds-high-connections": {
        "97 of 120": ({CONNECTIONS: [97] * 10}, ALARM),
        "96 of 120": ({CONNECTIONS: [96] * 10}, OK),
        "all of them for five minutes": ({CONNECTIONS: [5] * 5 + [120] * 5}, OK),
        "no data keeps the state": ({CONNECTIONS: [None] * 10}, AS_BEFORE),
    },
    "portal-rollback-server-errors": errors(2),
    "portal-rollback-unhealthy-hosts": {
        "one unhealthy for two minutes": ({UNHEALTHY: [1, 1]}, ALARM),
        "one unhealthy while it starts": ({UNHEALTHY: [1, 0]}, OK),
        "all healthy": ({UNHEALTHY: [0, 0]}, OK),
        "none is registered yet": ({UNHEALTHY: [None, None]}, OK),
    },
}
"""Samples of each alarm, one per minute, with the default settings, and the resulting state."""

FROM_ZERO: dict[str, dict[str, tuple[Samples, str]]] = {
    "worker-asg-low-capacity": {
        "videos wait and no worker starts": ({WAITING: [1] * 10, SERVING: [0] * 10}, ALARM),
        "no data from the group": ({WAITING: [1] * 10, SERVING: [None] * 10}, ALARM),
        "a worker started": ({WAITING: [1] * 10, SERVING: [0] * 9 + [1]}, OK),
        "empty queue": ({WAITING: [0] * 10, SERVING: [0] * 10}, OK),
        "hours without a video": ({WAITING: [None] * 10, SERVING: [None] * 10}, OK),
    },
    "worker-stranded": {
        "one video waits and no worker runs": ({WAITING: [1], SERVING: [0]}, ALARM),
        "a worker runs": ({WAITING: [9], SERVING: [1]}, OK),
        "empty queue": ({WAITING: [0], SERVING: [0]}, OK),
        "hours without a video": ({WAITING: [None], SERVING: [None]}, OK),
    },
}
"""Samples of the alarms that differ when the minimum of workers is zero."""


def alarms(app: App) -> dict[str, dict[str, Any]]:
    """All metric alarms, by name without the environment's prefix."""
    found = [each for stack in app.values() for each in stack.resources("aws_cloudwatch_metric_alarm").values()]
    return {each["alarm_name"].removeprefix(PREFIX): each for each in found}


def parameters(cases: dict[str, dict[str, tuple[Samples, str]]]) -> list[Any]:
    return [
        pytest.param(name, samples, expected, id=f"{name}: {case}")
        for name, samples_by_case in cases.items()
        for case, (samples, expected) in samples_by_case.items()
    ]


def test_every_alarm_has_cases(production: App) -> None:
    assert set(CASES) == set(alarms(production))


@pytest.mark.parametrize("name", CASES)
def test_every_alarm_has_an_alarm_and_an_ok_case(name: str) -> None:
    assert {expected for _, expected in CASES[name].values()} >= {ALARM, OK}


@pytest.mark.parametrize(("name", "samples", "expected"), parameters(CASES))
def test_samples_put_the_alarm_in_the_expected_state(
    production: App, name: str, samples: Samples, expected: str
) -> None:
    assert state(alarms(production)[name], samples) == expected


@pytest.mark.parametrize(("name", "samples", "expected"), parameters(FROM_ZERO))
def test_samples_with_a_minimum_of_zero_workers(
    synthesize: Callable[..., App], name: str, samples: Samples, expected: str
) -> None:
    app = synthesize(worker_min_size=0, worker_desired_capacity=0)

    assert state(alarms(app)[name], samples) == expected


@pytest.mark.parametrize("name", CASES)
def test_only_portal_alarms_trigger_voters_affected(production: App, name: str) -> None:
    stack = production["observability"]
    composite = stack.one("aws_cloudwatch_composite_alarm")
    ids = {
        f"${{aws_cloudwatch_metric_alarm.{id}.alarm_name}}": alarm["alarm_name"].removeprefix(PREFIX)
        for id, alarm in stack.resources("aws_cloudwatch_metric_alarm").items()
    }
    states = {reference: ALARM if alarm == name else OK for reference, alarm in ids.items()}

    affects_voters = name in {"unhealthy-hosts", "high-response-time", "server-errors"}
    assert composite_state(composite, states) == (ALARM if affects_voters else OK)
