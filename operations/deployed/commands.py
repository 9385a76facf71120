"""The commands `status` and `logs`, for the local run or a deployment."""

from __future__ import annotations

import time

import click
from rich.console import Console

from operations.deploy.target import choose_target
from operations.deployed import deployed_state
from operations.deployed import logs as cloudwatch_logs
from operations.deployed import status as deployment_status
from operations.deployed.calls import readable_aws_errors, target_options
from operations.deployed.scaling import SERVICES, log_group
from operations.local.commands import PROGRAMS, show_logs, show_status
from workspace.errors import UserError

BOOT = "boot"


@click.command()
@target_options
def status(target: str | None, environment: str | None) -> None:
    """Show the local programs with uptime and ports; with --target or --environment, the status of a deployment.

    For a deployment: stacks, release, instances, queue and alarms. The exit code is 1 if there are problems; they are
    listed last.
    """
    if target is None and environment is None:
        show_status()
        return
    console = Console()
    chosen = choose_target(target, environment)
    with readable_aws_errors():
        deployed = deployed_state.read(chosen, console)
        # The emulator's images have no age.
        ami_id = None if chosen.settings.embedded else chosen.settings.ami_id
        errors = deployment_status.report(deployed, chosen.client, console, ami_id=ami_id)
    for error in errors:
        console.print(f"✗ {error}", style="bold red", highlight=False, markup=False, soft_wrap=True)
    if errors:
        raise SystemExit(1)
    console.print("✓ No problems found.", style="bold green")


@click.command()
@click.argument("program", type=click.Choice([*PROGRAMS, BOOT]), required=False)
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(0), default=50, show_default=True, help="Number of last lines.")
@click.option("--since", help="For a deployment: age of the first line, such as 30s, 15m, 2h or 1d; default: 15m.")
@target_options
def logs(
    program: str | None, follow: bool, lines: int, since: str | None, target: str | None, environment: str | None
) -> None:
    """Show the logs of PROGRAM, or of all programs; with --target or --environment, of a deployment.

    A deployment has the programs portal, worker and boot (the boot logs of the instances). Lines are sorted by time
    and begin with their log stream.
    """
    if target is None and environment is None:
        if program == BOOT or since:
            raise UserError("boot and --since need a deployment. Choose one with --target or --environment.")
        show_logs(program, follow=follow, lines=lines)
        return
    if program not in (None, BOOT, *SERVICES):
        raise UserError(f"program is {program!r}; for a deployment it must be portal, worker or boot.")
    start = int((time.time() - cloudwatch_logs.parse_duration(since or "15m")) * 1000)
    chosen = choose_target(target, environment)
    groups = [log_group(chosen, service) for service in SERVICES if program in (None, BOOT, service)]
    boot = None if program is None else program == BOOT
    with readable_aws_errors():
        reader = cloudwatch_logs.Reader(chosen.client("logs"), groups, boot=boot, since=start)
        cloudwatch_logs.write_lines(reader, click.echo, lines=lines, follow=follow)
