"""The command `scale`: as many instances as asked for, until a policy thinks otherwise."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console

from operations.deploy.health import SERVING_SECONDS, Client, DeployedGroup, wait_until_serving
from operations.deploy.target import Target, choose
from operations.deployed.calls import answered, where_options
from workspace.errors import UserError
from workspace.progress import step

SERVICES = {"portal": "api", "worker": "worker"}
"""By name: what a service's settings and its group's name begin with."""


@click.command()
@click.argument("service", type=click.Choice(list(SERVICES)))
@click.argument("instances", type=click.IntRange(0), metavar="N")
@where_options
def scale(service: str, instances: int, target: str | None, environment: str | None) -> None:
    """Have N instances of SERVICE at once, and wait until they serve.

    N lies within the group's least and most, which are settings. It is no setting itself: a scaling policy may change
    it again within minutes, a deployment does not.
    """
    console = Console()
    where = choose(target, environment)
    with answered():
        before = set_desired(where.client, where, service, instances)
        console.print(f"{group_name(where, service)}: {before} -> {instances}", highlight=False)
        with step("Waiting for the instances", console) as current:
            group = DeployedGroup(name=group_name(where, service), log_groups=(log_group(where, service),))
            wait_until_serving([group], where.client, current.note, rolling=False, seconds=SERVING_SECONDS)
    console.print("A scaling policy may change it again; a deployment leaves it.", style="dim")


def group_name(where: Target, service: str) -> str:
    """The Auto Scaling group of a service."""
    return f"{where.settings.environment_name}-{SERVICES[service]}-asg"


def log_group(where: Target, service: str) -> str:
    """The log group of a service."""
    return f"/anb/{where.settings.environment_name}/{service}"


def set_desired(client: Client, where: Target, service: str, instances: int) -> int:
    """Change how many instances a group is to have; returns how many it was to have before.

    Args:
        client: of where it is deployed.
        where: the environment.
        service: portal or worker.
        instances: how many.

    Raises:
        UserError: there is no such group, or the number lies outside its least and most.
    """
    scaling = client("autoscaling")
    name = group_name(where, service)
    found: list[dict[str, Any]] = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    if not found:
        raise UserError(
            f"There is no Auto Scaling group {name}: the environment {where.environment} is not deployed, or without "
            f"its {service}. ./anb deploy deploys it."
        )
    least, most = found[0]["MinSize"], found[0]["MaxSize"]
    if not least <= instances <= most:
        end = "max" if instances > most else "min"
        raise UserError(
            f"{instances} instances lie outside what {name} may have, {least} to {most}. Set "
            f"{SERVICES[service]}_{end}_size in environments/{where.environment}.toml, and ./anb deploy."
        )
    scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=instances, HonorCooldown=False)
    return int(found[0]["DesiredCapacity"])
