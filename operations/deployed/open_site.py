"""The command `open`."""

from __future__ import annotations

import os
import sys
import webbrowser

import click
from botocore.exceptions import ClientError

from operations.deploy.target import Target, choose
from operations.deployed.calls import answered, where_options
from operations.local.state import RUNNING, StateFile
from workspace import paths
from workspace.errors import UserError


@click.command("open")
@where_options
def open_site(target: str | None, environment: str | None) -> None:
    """Print the address of the site, and open it in a browser where there is a display.

    Of ./anb up, and of a deployment with --target or --environment.
    """
    if target is None and environment is None:
        address = _address_here()
    else:
        with answered():
            address = address_of(choose(target, environment))
    click.echo(address)
    if _has_display():
        webbrowser.open(address)


def _address_here() -> str:
    state = StateFile(paths.local_directory()).read()
    if state is None or state.phase != RUNNING or not state.supervisor.alive:
        raise UserError(
            "Nothing is up. Start it with ./anb up, or say which deployment with --target or --environment."
        )
    return state.url


def address_of(where: Target) -> str:
    """The address of a deployment.

    Raises:
        UserError: it has no load balancer.
    """
    settings, balancing = where.settings, where.client("elbv2")
    try:
        (balancer,) = balancing.describe_load_balancers(Names=[f"{settings.environment_name}-alb"])["LoadBalancers"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("LoadBalancerNotFound", "LoadBalancerNotFoundException"):
            raise
        raise UserError(
            f"The environment {where.environment} has no load balancer, so it is not deployed. ./anb deploy deploys it."
        ) from None
    listeners = balancing.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    scheme = "https" if any(each["Protocol"] == "HTTPS" for each in listeners) else "http"
    return f"{scheme}://{settings.domain_name or balancer['DNSName']}"


def _has_display() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
