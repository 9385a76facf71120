"""Alarm: one metric or expression, one condition, whoever must know. CompositeAlarm: any of several."""

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


def make(stack: cdk.TerraformStack, **changes: Any) -> Alarm:
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
def made(**changes: Any) -> Template:
    return synth(lambda stack: make(stack, **changes))


def alarm(**changes: Any) -> dict[str, Any]:
    return made(**changes).one("aws_cloudwatch_metric_alarm")


def told(stack: cdk.TerraformStack) -> None:
    topic = AlarmTopic(stack, "topic", name="shop-alarms")
    share = make(stack, metric=SHARE, on_alarm=topic)
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
    assert made().readable() == recorded


@pytest.mark.snapshot
def test_alarms_that_are_told(recorded: SnapshotAssertion) -> None:
    assert synth(told).readable() == recorded


def test_whoever_it_wakes_reads_what_it_means_and_what_to_do() -> None:
    assert alarm()["alarm_description"] == "The shop is too busy. Take more instances."


def test_it_can_refer_to_a_page_that_says_more() -> None:
    def build(stack: cdk.TerraformStack) -> None:
        cpu = make(stack)
        cpu.refer_to("docs/incidents/cpu.md")
        felt = CompositeAlarm(stack, "felt", meaning="Customers wait", action="Look at the shop", any_of=[cpu])
        felt.refer_to("https://wiki.shop.example/felt")

    template = synth(build)

    described = [
        template.one(kind)["alarm_description"]
        for kind in ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
    ]
    assert described == [
        "The shop is too busy. Take more instances. See docs/incidents/cpu.md",
        "Customers wait. Look at the shop. See https://wiki.shop.example/felt",
    ]


def test_a_page_has_to_fit_as_well() -> None:
    with pytest.raises(ConstructError, match=r"test/cpu: meaning is .*; must be at most 1024 characters with action"):
        synth(lambda stack: make(stack, meaning="x" * 900).refer_to("y" * 100))


def test_the_topic_is_told_of_alarm_and_recovery() -> None:
    template = synth(told)
    (topic,) = template.resources("aws_sns_topic")

    for kind in ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"):
        made = template.one(kind)
        assert made["alarm_actions"] == made["ok_actions"] == [f"${{aws_sns_topic.{topic}.arn}}"]


def test_nobody_is_told_without_a_topic() -> None:
    assert {"alarm_actions", "ok_actions"} & alarm().keys() == set()


def test_an_expression_gives_back_its_result_and_nothing_else() -> None:
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
def test_all_points_in_a_row_must_be_bad(comparison: str, samples: list[float], expected: str) -> None:
    assert state(alarm(comparison=comparison), {"CPUUtilization": samples}) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("breaching", ALARM), ("notBreaching", OK), ("ignore", AS_BEFORE), ("missing", NO_DATA)],
)
def test_silence_means_what_it_is_said_to_mean(missing: str, expected: str) -> None:
    assert state(alarm(missing=missing), {"CPUUtilization": [None] * 10}) == expected


def test_an_expression_is_computed_for_each_point() -> None:
    share = alarm(metric=SHARE, periods=1)

    assert state(share, {"Used": [9] * 5, "Had": [10] * 5}) == ALARM
    assert state(share, {"Used": [8] * 5, "Had": [10] * 5}) == OK
    assert state(share, {"Used": [9] * 5, "Had": [None] * 5}) == OK


def test_a_composite_alarm_is_on_while_any_of_its_own_is() -> None:
    composite = synth(told).one("aws_cloudwatch_composite_alarm")
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
def test_what_it_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        alarm(**changes)


@pytest.mark.parametrize("count", [0, 101])
def test_a_composite_alarm_needs_alarms(count: int) -> None:
    def build(stack: cdk.TerraformStack) -> None:
        CompositeAlarm(stack, "felt", name="shop-felt", meaning="m", action="a", any_of=[make(stack)] * count)

    with pytest.raises(
        ConstructError, match=rf"test/felt: any_of is {count}; must be between 1 and 100\. Fix: list the"
    ):
        synth(build)
