"""A bad release is rolled back."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from scenes import queue_workers, queue_workers_template, web_service, web_service_template

from constructs_lib import Alarm, CompositeAlarm, ConstructError, InstanceOptions, Metric
from constructs_lib.foundation import cdk
from constructs_lib.testing import Template, synth
from constructs_lib.testing.cloudwatch import ALARM, OK, state

DEAD = Metric(
    namespace="AWS/SQS",
    name="ApproximateNumberOfMessagesVisible",
    dimensions={"QueueName": "orders-dlq"},
    label="dead",
)


def preferences(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template.one("aws_autoscaling_group")["instance_refresh"]["preferences"]
    return found


def alarm(stack: cdk.TerraformStack, id: str) -> Alarm:
    return Alarm(stack, id, meaning="a", action="b", metric=DEAD, comparison=">", threshold=0)


@pytest.fixture
def web(software: pathlib.Path) -> Template:
    return web_service_template(software)


@pytest.fixture
def rollback_alarms(web: Template) -> dict[str, dict[str, Any]]:
    alarms = web.resources("aws_cloudwatch_metric_alarm").values()
    return {each["alarm_name"].removeprefix("shop-web-rollback-"): each for each in alarms}


def test_web_service_rolls_back_on_its_alarms(web: Template) -> None:
    names = preferences(web)["alarm_specification"]["alarms"]

    # By reference, so that the alarms are created before the group.
    alarms = web.resources("aws_cloudwatch_metric_alarm")
    assert names == [f"${{aws_cloudwatch_metric_alarm.{id}.alarm_name}}" for id in alarms]
    assert preferences(web)["auto_rollback"] is True
    assert "aws_autoscaling_group" not in str(alarms)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [([6, 6], ALARM), ([5, 5], OK), ([0, 100], OK), ([None, None], OK)],
    ids=["errors", "few", "for a minute", "no requests"],
)
def test_server_errors_roll_back(
    rollback_alarms: dict[str, dict[str, Any]], errors: list[float | None], expected: str
) -> None:
    requests: list[float | None] = [None if count is None else 100 for count in errors]
    samples = {"HTTPCode_Target_5XX_Count": errors, "RequestCount": requests, "HTTPCode_ELB_5XX_Count": [None, None]}

    assert state(rollback_alarms["server-errors"], samples) == expected


@pytest.mark.parametrize(
    ("unhealthy", "expected"),
    [([1, 1], ALARM), ([0, 1], OK), ([None, None], OK)],
    ids=["unhealthy", "for a minute", "none"],
)
def test_unhealthy_instances_roll_back(
    rollback_alarms: dict[str, dict[str, Any]], unhealthy: list[float | None], expected: str
) -> None:
    assert state(rollback_alarms["unhealthy-hosts"], {"UnHealthyHostCount": unhealthy}) == expected


def test_no_rollback_alarms_without_rolling_replacement(software: pathlib.Path) -> None:
    template = web_service_template(software, instances=InstanceOptions(rolling=False))

    assert template.resources("aws_cloudwatch_metric_alarm") == {}
    assert "instance_refresh" not in template.one("aws_autoscaling_group")


def test_any_alarm_can_trigger_a_rollback(software: pathlib.Path) -> None:
    def build(stack: cdk.TerraformStack) -> None:
        workers = queue_workers(stack, software, capacity=(1, 3))
        dead = alarm(stack, "dead-letters")
        workers.roll_back_on(dead, CompositeAlarm(stack, "any", meaning="a", action="b", any_of=[dead]))

    names = preferences(synth(build))["alarm_specification"]["alarms"]

    assert [name.partition(".")[0] for name in names] == [
        "${aws_cloudwatch_metric_alarm",
        "${aws_cloudwatch_composite_alarm",
    ]


def test_workers_roll_back_on_failed_starts_by_default(software: pathlib.Path) -> None:
    template = queue_workers_template(software)

    assert preferences(template)["auto_rollback"] is True
    assert "alarm_specification" not in preferences(template)


def test_at_most_ten_rollback_alarms(software: pathlib.Path) -> None:
    def build(stack: cdk.TerraformStack) -> None:
        service = web_service(stack, software)
        service.roll_back_on(*(alarm(stack, f"a{number}") for number in range(9)))

    with pytest.raises(ConstructError, match=r"test/web: alarms is 11; must be at most 10\. Fix: keep the"):
        synth(build)


def test_alarms_keep_the_other_preferences(software: pathlib.Path) -> None:
    with_alarms = preferences(web_service_template(software))
    without = preferences(queue_workers_template(software))

    assert {key: value for key, value in with_alarms.items() if key != "alarm_specification"} == without
