"""Waiting for instances to be in service, and explanations with the end of the boot log."""

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
    explain_failure,
    find_groups,
    read_health,
    wait_until_in_service,
)
from operations.deploy.states import TerraformState
from workspace.errors import UserError

GROUP = DeployedGroup(name="anb-api-asg", log_groups=("/anb/portal",))
HEALTHY = GroupInstance(id="i-1", lifecycle="InService", health="Healthy", targets=("healthy",))


def health_of(*instances: GroupInstance, desired: int = 1, refresh: str = "") -> GroupHealth:
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
def test_instance_is_in_service_if_all_checks_agree(instance: GroupInstance) -> None:
    assert HEALTHY.in_service and not instance.in_service
    assert health_of(HEALTHY).ready and not health_of(HEALTHY, instance, desired=2).ready


def test_empty_group_is_ready() -> None:
    assert health_of(desired=0).ready


@pytest.mark.parametrize("status", ["Pending", "InProgress reason", "RollbackInProgress"])
def test_refresh_in_progress_is_not_ready(status: str) -> None:
    assert not health_of(HEALTHY, refresh=status).ready
    assert health_of(HEALTHY, refresh="Successful").ready


@pytest.mark.parametrize("status", ["Failed", "RollbackSuccessful alarm", "Cancelled"])
def test_failed_refresh_ends_the_wait(status: str) -> None:
    assert health_of(HEALTHY, refresh=status).refresh_failed
    assert not health_of(HEALTHY, refresh="InProgress").refresh_failed


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


def set_unhealthy(client: Callable[[str], Any], instance: str) -> None:
    client("autoscaling").set_instance_health(InstanceId=instance, HealthStatus="Unhealthy")


def write_boot_log(client: Callable[[str], Any], group: DeployedGroup, instance: str, count: int) -> None:
    logs, stream = client("logs"), f"boot/{instance}"
    logs.create_log_stream(logGroupName=group.log_groups[0], logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": f"line {number}"} for number in range(count)]
    logs.put_log_events(logGroupName=group.log_groups[0], logStreamName=stream, logEvents=events)


def test_wait_ends_when_all_instances_are_in_service(client: Callable[[str], Any], group: DeployedGroup) -> None:
    progress: list[str] = []
    (health,) = wait_until_in_service([group], client, progress.append, rolling=False, timeout_seconds=60)
    assert (health.desired, len(health.instances), progress) == (2, 2, [f"{group.name} 2 of 2"])


def test_unhealthy_instance_is_named_with_its_boot_log(client: Callable[[str], Any], group: DeployedGroup) -> None:
    broken, fine = sorted(instance.id for instance in read_health(group, client, rolling=False).instances)
    set_unhealthy(client, broken)
    write_boot_log(client, group, broken, 50)
    write_boot_log(client, group, fine, 3)

    with pytest.raises(UserError) as caught:
        wait_until_in_service([group], client, lambda _: None, rolling=False, timeout_seconds=0, pause_seconds=0)

    lines = caught.value.message.splitlines()
    assert lines[0] == f"{group.name} has 1 of 2 instances in service."
    assert lines[1].strip().startswith(f"{broken} is InService, Unhealthy")
    start = lines.index(f"  End of the boot log, {group.log_groups[0]} boot/{broken}:")
    assert lines[start + 1 :] == [f"    line {number}" for number in range(30, 50)]


def test_boot_log_of_an_abandoned_launch_is_shown(client: Callable[[str], Any], group: DeployedGroup) -> None:
    write_boot_log(client, group, "i-00000000000000000", 2)
    lines = list(explain_failure(without_instances(group, desired=1), client))
    assert f"  End of the boot log, {group.log_groups[0]} boot/i-00000000000000000:" in lines
    assert lines[-2:] == ["    line 0", "    line 1"]


def without_instances(group: DeployedGroup, desired: int) -> GroupHealth:
    return GroupHealth(group=group, desired=desired, instances=())


def test_rolled_back_refresh_is_explained(client: Callable[[str], Any], group: DeployedGroup) -> None:
    health = GroupHealth(group=group, desired=1, instances=(HEALTHY,), refresh="RollbackSuccessful An alarm went off")
    lines = list(explain_failure(health, client))
    assert "  Instance refresh: RollbackSuccessful An alarm went off" in lines
    assert list(explain_failure(without_instances(group, desired=0), client)) == []


def test_groups_are_found_with_the_log_groups_of_their_stack() -> None:
    numbers = itertools.count()
    resources = tuple(
        (kind, str(next(numbers)), {"name": name})
        for kind, name in (("aws_autoscaling_group", "anb-api-asg"), ("aws_cloudwatch_log_group", "/anb/portal"))
    )
    other = ("aws_cloudwatch_log_group", "it", {"name": "/vpc"})
    assert find_groups({"network": TerraformState({}, (other,)), "portal": TerraformState({}, resources)}) == [GROUP]
