"""`anb scale`: as many instances as asked for, within what the settings allow."""

from __future__ import annotations

from collections.abc import Iterator

import click.testing
import pytest

from operations.__main__ import anb
from operations.deploy.target import Target
from operations.deployed.scaling import group_name


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(anb, ["scale", *arguments, "--target", "local"])


def desired(where: Target) -> int:
    (group,) = where.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[group_name(where, "worker")]
    )["AutoScalingGroups"]
    return int(group["DesiredCapacity"])


@pytest.fixture
def workers(where: Target) -> Iterator[str]:
    """A group of one to two workers, one of them wanted."""
    ec2, scaling, name = where.client("ec2"), where.client("autoscaling"), group_name(where, "worker")
    ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-04681a1dbd79675a5", "InstanceType": "t3.small"}
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name},
        MinSize=1,
        MaxSize=2,
        DesiredCapacity=1,
        VPCZoneIdentifier=ec2.describe_subnets()["Subnets"][0]["SubnetId"],
    )
    yield name
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    ec2.delete_launch_template(LaunchTemplateName=name)


def test_the_group_gets_as_many_and_they_are_waited_for(where: Target, workers: str) -> None:
    scaled = run("worker", "2")
    assert scaled.exit_code == 0, scaled.output
    assert f"{workers}: 1 -> 2" in scaled.output
    assert f"{workers} 2 of 2" in scaled.output
    assert "A scaling policy may change it again; a deployment leaves it." in scaled.output
    assert desired(where) == 2


@pytest.mark.parametrize(("number", "setting"), [("3", "worker_max_size"), ("0", "worker_min_size")])
def test_a_number_outside_names_the_setting(where: Target, workers: str, number: str, setting: str) -> None:
    refused = run("worker", number)
    assert refused.exit_code == 1
    assert (
        f"{number} instances lie outside what {workers} may have, 1 to 2. Set {setting} in "
        "environments/local.toml, and ./anb deploy." in refused.output
    )
    assert desired(where) == 1


def test_without_a_deployment_it_says_so(where: Target) -> None:
    refused = run("portal", "1")
    assert refused.exit_code == 1
    assert f"There is no Auto Scaling group {group_name(where, 'portal')}: the environment local is" in refused.output
