"""A release that makes things worse is taken back."""

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
    made: dict[str, Any] = template.one("aws_autoscaling_group")["instance_refresh"]["preferences"]
    return made


def alarm(stack: cdk.TerraformStack, id: str) -> Alarm:
    return Alarm(stack, id, meaning="a", action="b", metric=DEAD, comparison=">", threshold=0)


@pytest.fixture
def web(software: pathlib.Path) -> Template:
    return web_service_template(software)


@pytest.fixture
def own(web: Template) -> dict[str, dict[str, Any]]:
    made = web.resources("aws_cloudwatch_metric_alarm").values()
    return {each["alarm_name"].removeprefix("shop-web-rollback-"): each for each in made}


def test_a_web_service_is_rolled_back_on_its_own_alarms(web: Template) -> None:
    names = preferences(web)["alarm_specification"]["alarms"]

    # By reference: an alarm stands before the group that is watched by it.
    made = web.resources("aws_cloudwatch_metric_alarm")
    assert names == [f"${{aws_cloudwatch_metric_alarm.{id}.alarm_name}}" for id in made]
    assert preferences(web)["auto_rollback"] is True
    assert "aws_autoscaling_group" not in str(made)


@pytest.mark.parametrize(
    ("of_a_hundred", "expected"),
    [([6, 6], ALARM), ([5, 5], OK), ([0, 100], OK), ([None, None], OK)],
    ids=["errors", "few", "for a minute", "nobody asks"],
)
def test_errors_take_a_release_back(
    own: dict[str, dict[str, Any]], of_a_hundred: list[float | None], expected: str
) -> None:
    asked: list[float | None] = [None if errors is None else 100 for errors in of_a_hundred]
    samples = {"HTTPCode_Target_5XX_Count": of_a_hundred, "RequestCount": asked, "HTTPCode_ELB_5XX_Count": [None, None]}

    assert state(own["server-errors"], samples) == expected


@pytest.mark.parametrize(
    ("unhealthy", "expected"), [([1, 1], ALARM), ([0, 1], OK), ([None, None], OK)], ids=["ill", "for a minute", "none"]
)
def test_an_instance_that_does_not_answer_takes_a_release_back(
    own: dict[str, dict[str, Any]], unhealthy: list[float | None], expected: str
) -> None:
    assert state(own["unhealthy-hosts"], {"UnHealthyHostCount": unhealthy}) == expected


def test_instances_that_are_not_replaced_need_no_alarms(software: pathlib.Path) -> None:
    template = web_service_template(software, instances=InstanceOptions(rolling=False))

    assert template.resources("aws_cloudwatch_metric_alarm") == {}
    assert "instance_refresh" not in template.one("aws_autoscaling_group")


def test_any_alarm_can_undo_a_release(software: pathlib.Path) -> None:
    def build(stack: cdk.TerraformStack) -> None:
        workers = queue_workers(stack, software, capacity=(1, 3))
        dead = alarm(stack, "dead-letters")
        workers.roll_back_on(dead, CompositeAlarm(stack, "any", meaning="a", action="b", any_of=[dead]))

    names = preferences(synth(build))["alarm_specification"]["alarms"]

    assert [name.partition(".")[0] for name in names] == [
        "${aws_cloudwatch_metric_alarm",
        "${aws_cloudwatch_composite_alarm",
    ]


def test_workers_without_one_are_rolled_back_when_they_do_not_start(software: pathlib.Path) -> None:
    template = queue_workers_template(software)

    assert preferences(template)["auto_rollback"] is True
    assert "alarm_specification" not in preferences(template)


def test_auto_scaling_takes_ten(software: pathlib.Path) -> None:
    def build(stack: cdk.TerraformStack) -> None:
        service = web_service(stack, software)
        service.roll_back_on(*(alarm(stack, f"a{number}") for number in range(9)))

    with pytest.raises(ConstructError, match=r"test/web: alarms is 11; must be at most 10\. Fix: keep the"):
        synth(build)


def test_alarms_leave_the_other_preferences_as_they_are(software: pathlib.Path) -> None:
    with_alarms = preferences(web_service_template(software))
    without = preferences(queue_workers_template(software))

    assert {key: value for key, value in with_alarms.items() if key != "alarm_specification"} == without
