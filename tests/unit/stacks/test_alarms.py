"""Each alarm of ANB goes off on the samples it is there for, and on no others."""

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


def answers(own: Value, unanswered: Value, requests: Value, minutes: int) -> Samples:
    return {
        "HTTPCode_Target_5XX_Count": [own] * minutes,
        "HTTPCode_ELB_5XX_Count": [unanswered] * minutes,
        "RequestCount": [requests] * minutes,
    }


def errors(minutes: int) -> dict[str, tuple[Samples, str]]:
    """The share of errors, as two alarms of different patience see it."""
    brief = {name: [*samples[1:], None] for name, samples in answers(50, None, 100, minutes).items()}
    return {
        "six of a hundred": (answers(6, None, 100, minutes), ALARM),
        "five of a hundred": (answers(5, None, 100, minutes), OK),
        "the service's and the balancer's together": (answers(3, 3, 100, minutes), ALARM),
        "nobody is left to answer": (answers(None, 9, None, minutes), ALARM),
        "the only request of each minute": (answers(1, None, 1, minutes), OK),
        "half of all, a minute too few": (brief, OK),
        "no errors": (answers(None, None, 100, minutes), OK),
        "nobody asks": (answers(None, None, None, minutes), OK),
    }


def launches(busy: int = 2) -> dict[str, tuple[Samples, str]]:
    def group(desired: list[Value], serving: list[Value]) -> Samples:
        return {"GroupDesiredCapacity": desired, "GroupInServiceInstances": serving}

    return {
        "one is missing": (group([busy] * 15, [busy - 1] * 15), ALARM),
        "whole": (group([busy] * 15, [busy] * 15), OK),
        "it grows": (group([1] * 5 + [busy] * 10, [1] * 10 + [busy] * 5), OK),
        "now and then whole": (group([busy] * 15, ([1] * 4 + [busy]) * 3), OK),
        "more than wanted while instances are replaced": (group([busy] * 15, [busy + 1] * 15), OK),
        "not measured": (group([None] * 15, [None] * 15), OK),
    }


def busy(percent: int) -> dict[str, tuple[Samples, str]]:
    return {
        "over it for ten minutes": (cpu(*[percent + 1] * 10), ALARM),
        "at it": (cpu(*[percent] * 10), OK),
        "five minutes at full load": (cpu(*[10] * 5, *[100] * 5), OK),
        "no instances": (cpu(*[None] * 10), OK),
    }


WAITING, AGE, SERVING = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "GroupInServiceInstances"
UNHEALTHY, SECONDS, GIVEN_UP = "UnHealthyHostCount", "TargetResponseTime", "VideosGivenUp"
FREE, CONNECTIONS = "FreeStorageSpace", "DatabaseConnections"

CASES: dict[str, dict[str, tuple[Samples, str]]] = {
    "unhealthy-hosts": {
        "one is ill for two minutes": ({UNHEALTHY: [1, 1]}, ALARM),
        "one was ill for a minute": ({UNHEALTHY: [1, 0]}, OK),
        "all are well": ({UNHEALTHY: [0, 0]}, OK),
        "none is registered": ({UNHEALTHY: [None, None]}, ALARM),
    },
    "high-response-time": {
        "0.51 s on average": ({SECONDS: [0.51] * 10}, ALARM),
        "0.5 s on average": ({SECONDS: [0.5] * 10}, OK),
        "slow for five minutes": ({SECONDS: [0.1] * 5 + [9] * 5}, OK),
        "nobody asks": ({SECONDS: [None] * 10}, OK),
    },
    "server-errors": errors(3),
    "asg-high-cpu": busy(80),
    "asg-launches-failing": launches(),
    "sqs-queue-depth-high": {
        "one more than three workers begin in 250 s": ({WAITING: [31] * 10}, ALARM),
        "as many as they begin": ({WAITING: [30] * 10}, OK),
        "a final's rush of five minutes": ({WAITING: [0] * 5 + [500] * 5}, OK),
        "hours without a video": ({WAITING: [None] * 10}, OK),
    },
    "sqs-message-age-high": {
        "a second over wait, boot and longest job, in whole minutes": ({AGE: [0, 0, 0, 0, 1201]}, ALARM),
        "just in time": ({AGE: [1200] * 5}, OK),
        "hours without a video": ({AGE: [None] * 5}, OK),
    },
    "sqs-dlq-messages": {
        "one is enough": ({WAITING: [1]}, ALARM),
        "none": ({WAITING: [0]}, OK),
        "silence buries none": ({WAITING: [None]}, AS_BEFORE),
    },
    "worker-asg-high-cpu": busy(85),
    "worker-asg-low-capacity": {
        "none for two minutes": ({SERVING: [0, 0]}, ALARM),
        "none for a minute": ({SERVING: [0, 1]}, OK),
        "the one there must be": ({SERVING: [1, 1]}, OK),
        "the group is silent": ({SERVING: [None, None]}, ALARM),
    },
    "worker-asg-launches-failing": launches(3),
    "videos-given-up": {
        "one in five minutes": ({GIVEN_UP: [0, 1, 0, 0, 0]}, ALARM),
        "none": ({GIVEN_UP: [0] * 5}, OK),
        "none ever was": ({GIVEN_UP: [None] * 5}, OK),
    },
    "rds-high-cpu": {
        **busy(80),
        "no instances": (cpu(*[None] * 10), ALARM),
        "it failed over within five minutes": (cpu(*[20] * 5, *[None] * 5), OK),
    },
    "rds-low-storage": {
        "a byte less than 2 GiB": ({FREE: [9 * GIB] * 4 + [2 * GIB - 1]}, ALARM),
        "2 GiB": ({FREE: [2 * GIB] * 5}, OK),
        "silence frees none": ({FREE: [None] * 5}, AS_BEFORE),
    },
    "rds-high-connections": {
        "97 of 120": ({CONNECTIONS: [97] * 10}, ALARM),
        "96 of 120": ({CONNECTIONS: [96] * 10}, OK),
        "all of them for five minutes": ({CONNECTIONS: [5] * 5 + [120] * 5}, OK),
        "silence frees none": ({CONNECTIONS: [None] * 10}, AS_BEFORE),
    },
    "portal-rollback-server-errors": errors(2),
    "portal-rollback-unhealthy-hosts": {
        "one is ill for two minutes": ({UNHEALTHY: [1, 1]}, ALARM),
        "one is still starting": ({UNHEALTHY: [1, 0]}, OK),
        "all are well": ({UNHEALTHY: [0, 0]}, OK),
        "none is registered yet": ({UNHEALTHY: [None, None]}, OK),
    },
}
"""The samples of each alarm, one a minute, with the default settings, and the state they leave it in."""

FROM_ZERO: dict[str, dict[str, tuple[Samples, str]]] = {
    "worker-asg-low-capacity": {
        "videos wait and nobody comes": ({WAITING: [1] * 10, SERVING: [0] * 10}, ALARM),
        "the group is silent": ({WAITING: [1] * 10, SERVING: [None] * 10}, ALARM),
        "somebody came": ({WAITING: [1] * 10, SERVING: [0] * 9 + [1]}, OK),
        "nothing waits": ({WAITING: [0] * 10, SERVING: [0] * 10}, OK),
        "hours without a video": ({WAITING: [None] * 10, SERVING: [None] * 10}, OK),
    },
    "worker-stranded": {
        "one video waits and nobody works": ({WAITING: [1], SERVING: [0]}, ALARM),
        "somebody works": ({WAITING: [9], SERVING: [1]}, OK),
        "nothing waits": ({WAITING: [0], SERVING: [0]}, OK),
        "hours without a video": ({WAITING: [None], SERVING: [None]}, OK),
    },
}
"""The same of the alarms that are others where there may be no worker."""


def alarms(app: App) -> dict[str, dict[str, Any]]:
    """All alarms on metrics, by what comes after the environment's name."""
    made = [each for stack in app.values() for each in stack.resources("aws_cloudwatch_metric_alarm").values()]
    return {each["alarm_name"].removeprefix(PREFIX): each for each in made}


def cases(of: dict[str, dict[str, tuple[Samples, str]]]) -> list[Any]:
    return [
        pytest.param(name, samples, expected, id=f"{name}: {what}")
        for name, table in of.items()
        for what, (samples, expected) in table.items()
    ]


def test_every_alarm_is_tried(production: App) -> None:
    assert set(CASES) == set(alarms(production))


@pytest.mark.parametrize("name", CASES)
def test_every_alarm_can_go_off_and_be_quiet(name: str) -> None:
    assert {expected for _, expected in CASES[name].values()} >= {ALARM, OK}


@pytest.mark.parametrize(("name", "samples", "expected"), cases(CASES))
def test_it_goes_off_when_it_should_and_only_then(production: App, name: str, samples: Samples, expected: str) -> None:
    assert state(alarms(production)[name], samples) == expected


@pytest.mark.parametrize(("name", "samples", "expected"), cases(FROM_ZERO))
def test_without_a_worker_at_rest(synthesize: Callable[..., App], name: str, samples: Samples, expected: str) -> None:
    app = synthesize(worker_min_size=0, worker_desired_capacity=0)

    assert state(alarms(app)[name], samples) == expected


@pytest.mark.parametrize("name", CASES)
def test_voters_are_affected_by_the_portal_alone(production: App, name: str) -> None:
    stack = production["observability"]
    felt = stack.one("aws_cloudwatch_composite_alarm")
    ids = {
        f"${{aws_cloudwatch_metric_alarm.{id}.alarm_name}}": made["alarm_name"].removeprefix(PREFIX)
        for id, made in stack.resources("aws_cloudwatch_metric_alarm").items()
    }
    on = {reference: ALARM if alarm == name else OK for reference, alarm in ids.items()}

    felt_by_voters = name in {"unhealthy-hosts", "high-response-time", "server-errors"}
    assert composite_state(felt, on) == (ALARM if felt_by_voters else OK)
