"""A bad release is rolled back."""

from __future__ import annotations

import json
import pathlib
import zipfile
from typing import Any

import pytest
from scenes import queue_workers, queue_workers_template, web_service, web_service_template

from constructs_lib import Alarm, CompositeAlarm, ConstructError, InstanceOptions, Metric
from constructs_lib.compute import rollout
from constructs_lib.foundation import cdk
from constructs_lib.testing import Template, synth
from constructs_lib.testing.cloudwatch import ALARM, OK, state

DEAD = Metric(
    namespace="AWS/SQS",
    name="ApproximateNumberOfMessagesVisible",
    dimensions={"QueueName": "orders-dlq"},
    label="dead",
)


def options(template: Template) -> dict[str, Any]:
    """Group, preferences and alarms of the rollouts."""
    variables = template.one("aws_lambda_function")["environment"]["variables"]
    decoded: dict[str, Any] = json.loads(variables["ROLLOUT"])
    return decoded


def statement(template: Template, sid: str) -> dict[str, Any]:
    (found,) = [each for each in template.policy("aws_iam_role_policy") if each["Sid"] == sid]
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
    names = options(web)["alarms"]

    # By reference, so that the alarms are created before the rollout.
    alarms = web.resources("aws_cloudwatch_metric_alarm")
    assert names == [f"${{aws_cloudwatch_metric_alarm.{id}.alarm_name}}" for id in alarms]
    assert options(web)["preferences"]["AutoRollback"] is True


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


def test_any_alarm_can_trigger_a_rollback(software: pathlib.Path) -> None:
    def build(stack: cdk.TerraformStack) -> None:
        workers = queue_workers(stack, software, capacity=(1, 3))
        dead = alarm(stack, "dead-letters")
        workers.roll_back_on(dead, CompositeAlarm(stack, "any", meaning="a", action="b", any_of=[dead]))

    names = options(synth(build))["alarms"]

    assert [name.partition(".")[0] for name in names] == [
        "${aws_cloudwatch_metric_alarm",
        "${aws_cloudwatch_composite_alarm",
    ]


def test_workers_roll_back_on_failed_starts_by_default(software: pathlib.Path) -> None:
    started = options(queue_workers_template(software))

    assert started["preferences"]["AutoRollback"] is True
    assert started["alarms"] == []


def test_at_most_ten_rollback_alarms(software: pathlib.Path) -> None:
    def build(stack: cdk.TerraformStack) -> None:
        service = web_service(stack, software)
        service.roll_back_on(*(alarm(stack, f"a{number}") for number in range(9)))

    with pytest.raises(ConstructError, match=r"test/web: alarms is 11; must be at most 10\. Fix: keep the"):
        synth(build)


def test_rollout_starts_when_the_launch_template_changes(web: Template) -> None:
    call = web.one("aws_lambda_invocation")

    (template,) = web.resources("aws_launch_template")
    assert json.loads(call["input"]) == {
        "launch_template": f"${{aws_launch_template.{template}.id}}",
        "version": f"${{aws_launch_template.{template}.latest_version}}",
    }
    # With CRUD, the provider records a failed call as successful, and destroying would call the function again.
    assert "lifecycle_scope" not in call


def test_rollout_comes_after_group_hooks_and_permissions(web: Template) -> None:
    kinds = {reference.partition(".")[0] for reference in web.one("aws_lambda_invocation")["depends_on"]}

    assert kinds == {"aws_autoscaling_group", "aws_autoscaling_lifecycle_hook", "aws_iam_role_policy"}


def test_group_keeps_the_version_that_it_rolls_back_to(web: Template) -> None:
    group = web.one("aws_autoscaling_group")

    assert "launch_template" in group["lifecycle"]["ignore_changes"]
    assert "instance_refresh" not in group
    assert group["launch_template"]["version"].endswith(".latest_version}")


def test_instances_are_replaced_one_batch_at_a_time(web: Template) -> None:
    assert options(web)["group"] == "shop-web-asg"
    assert options(web)["preferences"] == {
        "AutoRollback": True,
        "InstanceWarmup": 300,
        "MaxHealthyPercentage": 150,
        "MinHealthyPercentage": 100,
        "ScaleInProtectedInstances": "Wait",
        "SkipMatching": True,
        "StandbyInstances": "Wait",
    }


def test_function_refreshes_only_its_group_and_template(web: Template) -> None:
    group = "arn:aws:autoscaling:us-east-1:*:autoScalingGroup:*:autoScalingGroupName/shop-web-asg"
    refresh, launch = statement(web, "RefreshInstances"), statement(web, "LaunchFromTemplate")
    (template,) = web.resources("aws_launch_template")

    assert refresh["Resource"] == [group]
    assert refresh["Action"] == ["autoscaling:CancelInstanceRefresh", "autoscaling:StartInstanceRefresh"]
    assert launch["Action"] == ["ec2:RunInstances"]
    assert launch["Condition"] == {"ArnEquals": {"ec2:LaunchTemplate": f"${{aws_launch_template.{template}.arn}}"}}
    assert statement(web, "TagLaunched")["Condition"] == {"StringEquals": {"ec2:CreateAction": "RunInstances"}}


def test_function_passes_only_the_instance_role(web: Template) -> None:
    passed = statement(web, "PassInstanceRole")

    (role,) = passed["Resource"]
    assert role.startswith("${aws_iam_role.web_role_")
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


def test_note_lists_what_an_existing_role_must_allow(software: pathlib.Path) -> None:
    lab = InstanceOptions(existing_profile="LabInstanceProfile", existing_function_role="LabRole")
    notes = [each.message for each in web_service_template(software, instances=lab).annotations()]

    group = "arn:aws:autoscaling:us-east-1:*:autoScalingGroup:*:autoScalingGroupName/shop-web-asg"
    actions = "autoscaling:CancelInstanceRefresh, autoscaling:StartInstanceRefresh"
    assert f"the role LabRole must allow {actions} on {group}" in notes
    assert "the role LabRole must allow iam:PassRole on the role of LabInstanceProfile" in notes


def test_existing_role_can_be_an_arn(software: pathlib.Path) -> None:
    arn = "arn:aws:iam::123456789012:role/rollouts"
    lab = InstanceOptions(existing_profile="LabInstanceProfile", existing_function_role=arn)

    assert web_service_template(software, instances=lab).one("aws_lambda_function")["role"] == arn


def test_packed_function_depends_only_on_its_text() -> None:
    (first, first_hash), (second, second_hash) = rollout._pack(), rollout._pack()

    assert first != second and first_hash == second_hash
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        (entry,) = archive.infolist()
        assert (entry.filename, entry.date_time) == ("rollout_function.py", (1980, 1, 1, 0, 0, 0))
        assert archive.read(entry) == (pathlib.Path(rollout.__file__).with_name("rollout_function.py")).read_bytes()
