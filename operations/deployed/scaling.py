"""The command `scale`: set the desired capacity of a service."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console

from operations.deploy.health import Client, DeployedGroup
from operations.deploy.rollouts import wait_until_in_service
from operations.deploy.target import Target, choose_target
from operations.deployed.calls import readable_aws_errors, target_options
from workspace.errors import UserError
from workspace.progress import step

SERVICES = {"portal": "api", "worker": "worker"}
"""Prefix of the settings and the group name of each service."""


@click.command()
@click.argument("service", type=click.Choice(list(SERVICES)))
@click.argument("instances", type=click.IntRange(0), metavar="N")
@target_options
def scale(service: str, instances: int, target: str | None, environment: str | None) -> None:
    """Set the desired capacity of SERVICE to N instances and wait until they are in service.

    N must be within the group's minimum and maximum, which are settings. Scaling policies may change it again within
    minutes; deployments do not.
    """
    console = Console()
    chosen = choose_target(target, environment)
    with readable_aws_errors():
        before = set_desired_capacity(chosen.client, chosen, service, instances)
        console.print(f"{group_name(chosen, service)}: {before} -> {instances}", highlight=False)
        with step("Waiting for the instances", console) as current:
            group = DeployedGroup(name=group_name(chosen, service), log_groups=(log_group(chosen, service),))
            wait_until_in_service([group], chosen.client, current.note)
    console.print("Scaling policies may change this number again; deployments do not.", style="dim")


def group_name(target: Target, service: str) -> str:
    """Name of a service's Auto Scaling group."""
    return f"{target.settings.environment_name}-{SERVICES[service]}-asg"


def log_group(target: Target, service: str) -> str:
    """Name of a service's log group."""
    return f"/anb/{target.settings.environment_name}/{service}"


def set_desired_capacity(client: Client, target: Target, service: str, instances: int) -> int:
    """Set the desired capacity of a service's group; return the previous one.

    Args:
        client: Creates clients for the target account.
        target: The deployment.
        service: portal or worker.
        instances: Desired number of instances.

    Raises:
        UserError: The group does not exist, or the number is outside its minimum and maximum.
    """
    autoscaling = client("autoscaling")
    name = group_name(target, service)
    groups: list[dict[str, Any]] = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    if not groups:
        raise UserError(
            f"The Auto Scaling group {name} does not exist in the environment {target.environment}. Run ./anb deploy."
        )
    minimum, maximum = groups[0]["MinSize"], groups[0]["MaxSize"]
    if not minimum <= instances <= maximum:
        limit = "max" if instances > maximum else "min"
        raise UserError(
            f"N is {instances}; must be between {minimum} and {maximum} for {name}. Fix: set "
            f"{SERVICES[service]}_{limit}_size in environments/{target.environment}.toml and run ./anb deploy."
        )
    autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=instances, HonorCooldown=False)
    return int(groups[0]["DesiredCapacity"])
