"""`anb scale`: set the desired capacity within the limits of the settings."""

from __future__ import annotations

from collections.abc import Iterator

import click.testing
import pytest

from operations.__main__ import anb
from operations.deploy.target import Target
from operations.deployed.scaling import group_name


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["scale", *arguments, "--target", "local"])


def desired_capacity(target: Target) -> int:
    (group,) = target.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[group_name(target, "worker")]
    )["AutoScalingGroups"]
    return int(group["DesiredCapacity"])


@pytest.fixture
def workers(target: Target) -> Iterator[str]:
    """A group with minimum 1, maximum 2 and desired capacity 1."""
    ec2, autoscaling, name = target.client("ec2"), target.client("autoscaling"), group_name(target, "worker")
    ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-04681a1dbd79675a5", "InstanceType": "t3.small"}
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name},
        MinSize=1,
        MaxSize=2,
        DesiredCapacity=1,
        VPCZoneIdentifier=ec2.describe_subnets()["Subnets"][0]["SubnetId"],
    )
    yield name
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    ec2.delete_launch_template(LaunchTemplateName=name)


def test_capacity_is_set_and_instances_are_waited_for(target: Target, workers: str) -> None:
    scaled = run("worker", "2")
    assert scaled.exit_code == 0, scaled.output
    assert f"{workers}: 1 -> 2" in scaled.output
    assert f"{workers} 2 of 2" in scaled.output
    assert "Scaling policies may change this number again; deployments do not." in scaled.output
    assert desired_capacity(target) == 2


@pytest.mark.parametrize(("number", "setting"), [("3", "worker_max_size"), ("0", "worker_min_size")])
def test_number_outside_the_limits_names_the_setting(target: Target, workers: str, number: str, setting: str) -> None:
    result = run("worker", number)
    assert result.exit_code == 1
    assert (
        f"N is {number}; must be between 1 and 2 for {workers}. Fix: set {setting} in environments/local.toml and run "
        "./anb deploy." in result.output
    )
    assert desired_capacity(target) == 1


def test_missing_group_is_an_error(target: Target) -> None:
    result = run("portal", "1")
    assert result.exit_code == 1
    assert f"The Auto Scaling group {group_name(target, 'portal')} does not exist in the environment" in result.output
