"""Alarm: a condition on one metric or expression. CompositeAlarm: any of several alarms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from once import once
from syrupy.assertion import SnapshotAssertion

from constructs_lib import Alarm, AlarmTopic, CompositeAlarm, ConstructError, Metric, MetricMath
from constructs_lib.foundation import cdk
from constructs_lib.testing import Template, synth
from constructs_lib.testing.cloudwatch import ALARM, AS_BEFORE, NO_DATA, OK, composite_state, state

CPU = Metric(namespace="AWS/EC2", name="CPUUtilization", dimensions={"AutoScalingGroupName": "shop"}, label="CPU")
USED = Metric(namespace="Shop", name="Used", dimensions={}, label="used")
HAD = Metric(namespace="Shop", name="Had", dimensions={}, label="had")
SHARE = MetricMath(expression="100 * used / had", metrics={"used": USED, "had": HAD}, label="share")


def create_alarm(stack: cdk.TerraformStack, **changes: Any) -> Alarm:
    arguments: dict[str, Any] = {
        "name": "shop-cpu",
        "meaning": "The shop is too busy",
        "action": "Take more instances",
        "metric": CPU,
        "comparison": ">",
        "threshold": 80,
        "periods": 2,
    }
    return Alarm(stack, "cpu", **{**arguments, **changes})


@once
def synthesize(**changes: Any) -> Template:
    return synth(lambda stack: create_alarm(stack, **changes))


def alarm(**changes: Any) -> dict[str, Any]:
    return synthesize(**changes).one("aws_cloudwatch_metric_alarm")


def alarms_with_topic(stack: cdk.TerraformStack) -> None:
    topic = AlarmTopic(stack, "topic", name="shop-alarms")
    share = create_alarm(stack, metric=SHARE, on_alarm=topic)
    CompositeAlarm(
        stack,
        "felt",
        name="shop-felt",
        meaning="Customers wait",
        action="Look at the shop",
        any_of=[share],
        on_alarm=topic,
    )


@pytest.mark.snapshot
def test_alarm(recorded: SnapshotAssertion) -> None:
    assert synthesize().readable() == recorded


@pytest.mark.snapshot
def test_alarms_with_topic(recorded: SnapshotAssertion) -> None:
    assert synth(alarms_with_topic).readable() == recorded


def test_description_holds_meaning_and_action() -> None:
    assert alarm()["alarm_description"] == "The shop is too busy. Take more instances."


def test_runbook_is_linked_in_the_description() -> None:
    def build(stack: cdk.TerraformStack) -> None:
        cpu = create_alarm(stack)
        cpu.link_runbook("docs/incidents/cpu.md")
        felt = CompositeAlarm(stack, "felt", meaning="Customers wait", action="Look at the shop", any_of=[cpu])
        felt.link_runbook("https://wiki.shop.example/felt")

    template = synth(build)

    descriptions = [
        template.one(kind)["alarm_description"]
        for kind in ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
    ]
    assert descriptions == [
        "The shop is too busy. Take more instances. See docs/incidents/cpu.md",
        "Customers wait. Look at the shop. See https://wiki.shop.example/felt",
    ]


def test_runbook_counts_toward_the_description_limit() -> None:
    with pytest.raises(ConstructError, match=r"test/cpu: meaning is .*; must be at most 1024 characters with action"):
        synth(lambda stack: create_alarm(stack, meaning="x" * 900).link_runbook("y" * 100))


def test_topic_is_notified_of_alarm_and_recovery() -> None:
    template = synth(alarms_with_topic)
    (topic,) = template.resources("aws_sns_topic")

    for kind in ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"):
        alarm = template.one(kind)
        assert alarm["alarm_actions"] == alarm["ok_actions"] == [f"${{aws_sns_topic.{topic}.arn}}"]


def test_no_actions_without_a_topic() -> None:
    assert {"alarm_actions", "ok_actions"} & alarm().keys() == set()


def test_expression_returns_only_its_result() -> None:
    queries = alarm(metric=SHARE)["metric_query"]

    assert [each["expression"] for each in queries if each.get("return_data")] == ["100 * used / had"]
    assert {each["id"] for each in queries} == {"result", "used", "had"}


@pytest.mark.parametrize(
    ("comparison", "samples", "expected"),
    [
        (">", [81] * 10, ALARM),
        (">", [80] * 10, OK),
        (">=", [80] * 10, ALARM),
        ("<", [80] * 10, OK),
        ("<=", [80] * 10, ALARM),
        ("<", [79] * 10, ALARM),
        (">", [0] * 5 + [100] * 5, OK),
        (">", [100, 100, 100, 100, 10, 100, 100, 100, 100, 10], ALARM),
    ],
)
def test_only_consecutive_breaches_raise_the_alarm(comparison: str, samples: list[float], expected: str) -> None:
    assert state(alarm(comparison=comparison), {"CPUUtilization": samples}) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("breaching", ALARM), ("notBreaching", OK), ("ignore", AS_BEFORE), ("missing", NO_DATA)],
)
def test_missing_data_is_treated_as_configured(missing: str, expected: str) -> None:
    assert state(alarm(missing=missing), {"CPUUtilization": [None] * 10}) == expected


def test_expression_is_evaluated_per_data_point() -> None:
    share = alarm(metric=SHARE, periods=1)

    assert state(share, {"Used": [9] * 5, "Had": [10] * 5}) == ALARM
    assert state(share, {"Used": [8] * 5, "Had": [10] * 5}) == OK
    assert state(share, {"Used": [9] * 5, "Had": [None] * 5}) == OK


def test_composite_alarm_is_on_while_any_alarm_is() -> None:
    composite = synth(alarms_with_topic).one("aws_cloudwatch_composite_alarm")
    name = composite["alarm_rule"].removeprefix('ALARM("').removesuffix('")')

    assert composite_state(composite, {name: ALARM}) == ALARM
    assert composite_state(composite, {name: OK}) == OK


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"comparison": "=="}, r"test/cpu: comparison is '=='; must be one of >, >=, <, <=\. Fix: write the condition"),
        ({"period": timedelta(seconds=90)}, r"period is .* must be whole minutes"),
        ({"periods": 289}, r"periods is 289; must be between 1 and 288\. Fix: look back at most one day"),
        ({"missing": "bad"}, r"missing is 'bad'; must be one of notBreaching, breaching, ignore, missing\. "),
        (
            {"metric": Metric(namespace="Shop", name="Used", dimensions={}, label="used", statistic="Mean")},
            r"statistic is 'Mean'; must be one of Average, Sum, Minimum, Maximum, SampleCount",
        ),
        ({"name": "shop cpu"}, r"name is 'shop cpu'"),
        (
            {"meaning": "x" * 1020},
            r"meaning is 'x+.*'; must be at most 1024 characters with action and page\. Fix: shorten",
        ),
    ],
)
def test_invalid_arguments_are_rejected(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        alarm(**changes)


@pytest.mark.parametrize("count", [0, 101])
def test_composite_alarm_needs_1_to_100_alarms(count: int) -> None:
    def build(stack: cdk.TerraformStack) -> None:
        CompositeAlarm(stack, "felt", name="shop-felt", meaning="m", action="a", any_of=[create_alarm(stack)] * count)

    with pytest.raises(
        ConstructError, match=rf"test/felt: any_of is {count}; must be between 1 and 100\. Fix: list the"
    ):
        synth(build)
