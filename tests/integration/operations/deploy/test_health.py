"""Instances are waited for until they serve; those that do not are named, with the end of their boot's log."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator import aws
from operations.deploy.health import (
    DeployedGroup,
    GroupHealth,
    GroupInstance,
    find_groups,
    look,
    wait_until_serving,
    why_not,
)
from operations.deploy.states import TerraformState
from workspace.errors import UserError

GROUP = DeployedGroup(name="anb-api-asg", log_groups=("/anb/portal",))
SERVING = GroupInstance(id="i-1", lifecycle="InService", health="Healthy", targets=("healthy",))


def standing(*instances: GroupInstance, desired: int = 1, refresh: str = "") -> GroupHealth:
    return GroupHealth(group=GROUP, desired=desired, instances=instances, refresh=refresh)


@pytest.mark.parametrize(
    "instance",
    [
        GroupInstance(id="i-2", lifecycle="Pending:Wait", health="Healthy"),
        GroupInstance(id="i-2", lifecycle="InService", health="Unhealthy"),
        GroupInstance(id="i-2", lifecycle="InService", health="Healthy", targets=("unhealthy: Target.Timeout",)),
        GroupInstance(id="i-2", lifecycle="InService", health="Healthy", targets=("healthy", "not registered")),
    ],
)
def test_an_instance_serves_when_everybody_says_so(instance: GroupInstance) -> None:
    assert SERVING.serves and not instance.serves
    assert standing(SERVING).ready and not standing(SERVING, instance, desired=2).ready


def test_a_group_of_none_is_ready() -> None:
    assert standing(desired=0).ready


@pytest.mark.parametrize("status", ["Pending", "InProgress reason", "RollbackInProgress"])
def test_instances_that_are_about_to_be_replaced_are_waited_for(status: str) -> None:
    assert not standing(SERVING, refresh=status).ready
    assert standing(SERVING, refresh="Successful").ready


@pytest.mark.parametrize("status", ["Failed", "RollbackSuccessful alarm", "Cancelled"])
def test_a_release_that_was_taken_back_is_not_waited_for(status: str) -> None:
    assert standing(SERVING, refresh=status).taken_back
    assert not standing(SERVING, refresh="InProgress").taken_back


@pytest.fixture
def client(aws_port: int) -> Callable[[str], Any]:
    return lambda service: aws.client(service, aws_port)


@pytest.fixture
def group(client: Callable[[str], Any]) -> Iterator[DeployedGroup]:
    """A group of two instances behind a target group, with a log group."""
    name = f"health-{uuid.uuid4().hex[:8]}"
    ec2, scaling = client("ec2"), client("autoscaling")
    subnet = ec2.describe_subnets()["Subnets"][0]
    targets = client("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=subnet["VpcId"])
    ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-04681a1dbd79675a5", "InstanceType": "t3.small"}
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name},
        MinSize=2,
        MaxSize=2,
        VPCZoneIdentifier=subnet["SubnetId"],
        TargetGroupARNs=[targets["TargetGroups"][0]["TargetGroupArn"]],
    )
    client("logs").create_log_group(logGroupName=f"/{name}")
    yield DeployedGroup(name=name, log_groups=(f"/{name}", "/not-there"))
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    ec2.delete_launch_template(LaunchTemplateName=name)


def fail(client: Callable[[str], Any], instance: str) -> None:
    client("autoscaling").set_instance_health(InstanceId=instance, HealthStatus="Unhealthy")


def boot_log(client: Callable[[str], Any], group: DeployedGroup, instance: str, count: int) -> None:
    logs, stream = client("logs"), f"boot/{instance}"
    logs.create_log_stream(logGroupName=group.log_groups[0], logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": f"line {number}"} for number in range(count)]
    logs.put_log_events(logGroupName=group.log_groups[0], logStreamName=stream, logEvents=events)


def test_it_ends_when_all_serve(client: Callable[[str], Any], group: DeployedGroup) -> None:
    told: list[str] = []
    (found,) = wait_until_serving([group], client, told.append, rolling=False, seconds=60)
    assert (found.desired, len(found.instances), told) == (2, 2, [f"{group.name} 2 of 2"])


def test_what_does_not_serve_is_named_with_the_end_of_its_boot(
    client: Callable[[str], Any], group: DeployedGroup
) -> None:
    broken, fine = sorted(instance.id for instance in look(group, client, rolling=False).instances)
    fail(client, broken)
    boot_log(client, group, broken, 50)
    boot_log(client, group, fine, 3)

    with pytest.raises(UserError) as caught:
        wait_until_serving([group], client, lambda _told: None, rolling=False, seconds=0, pause_seconds=0)

    lines = caught.value.message.splitlines()
    assert lines[0] == f"{group.name} has 1 of 2 instances in service."
    assert lines[1].strip().startswith(f"{broken} is InService, Unhealthy")
    start = lines.index(f"  The end of the boot's log, {group.log_groups[0]} boot/{broken}:")
    assert lines[start + 1 :] == [f"    line {number}" for number in range(30, 50)]


def test_the_boot_of_an_instance_that_was_given_up_is_shown_too(
    client: Callable[[str], Any], group: DeployedGroup
) -> None:
    boot_log(client, group, "i-00000000000000000", 2)
    lines = list(why_not(standing_of(group, desired=1), client))
    assert f"  The end of the boot's log, {group.log_groups[0]} boot/i-00000000000000000:" in lines
    assert lines[-2:] == ["    line 0", "    line 1"]


def standing_of(group: DeployedGroup, desired: int) -> GroupHealth:
    return GroupHealth(group=group, desired=desired, instances=())


def test_a_release_that_was_taken_back_is_told_although_the_old_ones_serve(
    client: Callable[[str], Any], group: DeployedGroup
) -> None:
    back = GroupHealth(group=group, desired=1, instances=(SERVING,), refresh="RollbackSuccessful An alarm went off")
    lines = list(why_not(back, client))
    assert "  Its instance refresh: RollbackSuccessful An alarm went off" in lines
    assert list(why_not(standing_of(group, desired=0), client)) == []


def test_groups_are_found_in_the_states_with_the_logs_of_their_stack() -> None:
    numbers = itertools.count()
    resources = tuple(
        (kind, str(next(numbers)), {"name": name})
        for kind, name in (("aws_autoscaling_group", "anb-api-asg"), ("aws_cloudwatch_log_group", "/anb/portal"))
    )
    other = ("aws_cloudwatch_log_group", "it", {"name": "/vpc"})
    assert find_groups({"network": TerraformState({}, (other,)), "portal": TerraformState({}, resources)}) == [GROUP]
