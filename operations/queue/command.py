"""The command `queue`: show the video queue and its dead letters, and redrive them."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import Progress

from workspace.errors import UserError

_LONGEST_REASON = 500


@click.group(invoke_without_command=True)
@click.option("--show", default=10, show_default=True, type=click.IntRange(0, 1000), help="Dead letters to list.")
@click.pass_context
def queue(context: click.Context, show: int) -> None:
    """Show the state of the video queue and its dead letters.

    Uses the system of ./anb up, or the environment of QUEUE_URL and the other variables of services/environment.py.
    No message is received or deleted.
    """
    if context.invoked_subcommand is None:
        # Imported late: it takes a second.
        from operations.queue import admin

        with admin.open_admin() as queue_admin:
            queue_admin.show(Console(), most=show)


@queue.command(name="redrive")
@click.option("--reason", required=True, help="Reason for the redrive; stored in the database.")
@click.option("--limit", type=click.IntRange(1), help="Maximum number to move. Default: all.")
def redrive_command(reason: str, limit: int | None) -> None:
    """Move dead letters back to the queue and reopen videos that were given up.

    Each message is sent before its dead copy is deleted, so an interruption loses none; a message sent twice is
    processed once.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= _LONGEST_REASON:
        raise UserError(
            f"--reason has {len(reason)} characters; must be between 1 and {_LONGEST_REASON}. Fix: say what was fixed."
        )
    from operations.queue import admin

    with admin.open_admin() as queue_admin:
        available = queue_admin.count_dead_letters()
        most = min(available, limit or available)
        if not most:
            click.echo("There are no dead letters.")
            return
        count = 0
        with Progress(console=Console(stderr=True), transient=True) as progress:
            moved = queue_admin.redrive(reason=reason, most=most)
            for name in progress.track(moved, total=most, description="Moving dead letters back"):
                count += 1
                progress.console.print(f"moved {name}", highlight=False)
        remaining = f", {available - count} left" if available > count else ""
        click.echo(f"Dead letters moved back to the queue: {count}{remaining}. Reason: {reason}")
