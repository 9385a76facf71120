"""The command `open`."""

from __future__ import annotations

import os
import sys
import webbrowser

import click
from botocore.exceptions import ClientError

from operations.deploy.target import Target, choose_target
from operations.deployed.calls import readable_aws_errors, target_options
from operations.local.state import RUNNING, StateFile
from workspace import paths
from workspace.errors import UserError


@click.command("open")
@target_options
def open_site(target: str | None, environment: str | None) -> None:
    """Print the address of the site and, if there is a display, open it in a browser.

    Default: the site of ./anb up; with --target or --environment, of a deployment.
    """
    if target is None and environment is None:
        address = _local_address()
    else:
        with readable_aws_errors():
            address = deployed_address(choose_target(target, environment))
    click.echo(address)
    if _has_display():
        webbrowser.open(address)


def _local_address() -> str:
    state = StateFile(paths.local_directory()).read()
    if state is None or state.phase != RUNNING or not state.supervisor.alive:
        raise UserError(
            "Nothing is running. Start it with ./anb up, or choose a deployment with --target or --environment."
        )
    return state.url


def deployed_address(target: Target) -> str:
    """Return the address of a deployment.

    Raises:
        UserError: The deployment has no load balancer.
    """
    settings, elbv2 = target.settings, target.client("elbv2")
    try:
        (balancer,) = elbv2.describe_load_balancers(Names=[f"{settings.environment_name}-alb"])["LoadBalancers"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("LoadBalancerNotFound", "LoadBalancerNotFoundException"):
            raise
        raise UserError(
            f"The environment {target.environment} is not deployed: it has no load balancer. Run ./anb deploy."
        ) from None
    listeners = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    scheme = "https" if any(listener["Protocol"] == "HTTPS" for listener in listeners) else "http"
    return f"{scheme}://{settings.domain_name or balancer['DNSName']}"


def _has_display() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
