"""The commands `status` and `logs`: of the local run, or of what is deployed."""

from __future__ import annotations

import time

import click
from rich.console import Console

from operations.deploy.target import choose
from operations.deployed import deployed_state
from operations.deployed import logs as lines_of
from operations.deployed import status as report
from operations.deployed.calls import answered, where_options
from operations.deployed.scaling import SERVICES, log_group
from operations.local.commands import PROGRAMS, show_logs, show_status
from workspace.errors import UserError

BOOT = "boot"


@click.command()
@where_options
def status(target: str | None, environment: str | None) -> None:
    """Say what is up, since when, on which ports; with --target or --environment, how a deployment stands.

    Of a deployment: its stacks, release, instances, queue and alarms. Ends with exit code 1 when something of it is
    not as it should be, and says what.
    """
    if target is None and environment is None:
        show_status()
        return
    console = Console()
    where = choose(target, environment)
    with answered():
        found = deployed_state.read(where, console)
        wrong = report.show(found, where.client, console, rolling=not where.settings.embedded)
    for each in wrong:
        console.print(f"✗ {each}", style="bold red", highlight=False, markup=False, soft_wrap=True)
    if wrong:
        raise SystemExit(1)
    console.print("✓ All is as it should be.", style="bold green")


@click.command()
@click.argument("program", type=click.Choice([*PROGRAMS, BOOT]), required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as the program writes, until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(0), default=50, show_default=True, help="How many last lines.")
@click.option("--since", help="Of a deployment: how far back, such as 30s, 15m, 2h or 1d; by default 15m.")
@where_options
def logs(
    program: str | None, follow: bool, lines: int, since: str | None, target: str | None, environment: str | None
) -> None:
    """Show what PROGRAM wrote, or all of them; with --target or --environment, in a deployment.

    A deployment has portal, worker and boot, the boots of its instances. Their lines are in the order of time, each
    with its stream.
    """
    if target is None and environment is None:
        if program == BOOT or since:
            raise UserError("boot and --since are of a deployment: say which with --target or --environment.")
        show_logs(program, follow=follow, lines=lines)
        return
    if program not in (None, BOOT, *SERVICES):
        raise UserError(f"A deployment has no logs of {program}; it has those of portal, worker and boot.")
    start = int((time.time() - lines_of.seconds_of(since or "15m")) * 1000)
    where = choose(target, environment)
    groups = [log_group(where, service) for service in SERVICES if program in (None, BOOT, service)]
    boot = None if program is None else program == BOOT
    with answered():
        reader = lines_of.Reader(where.client("logs"), groups, boot=boot, since=start)
        lines_of.show(reader, click.echo, lines=lines, follow=follow)
