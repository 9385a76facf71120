"""The command `queue`: how the videos' queue stands, what lies among its dead letters, and how they come back."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import Progress

from workspace.errors import UserError

_LONGEST_REASON = 500


@click.group(invoke_without_command=True)
@click.option("--show", default=10, show_default=True, type=click.IntRange(0, 1000), help="How many dead letters.")
@click.pass_context
def queue(context: click.Context, show: int) -> None:
    """Say how the videos' queue stands, and what lies among its dead letters.

    Of ./anb up, or of the environment that the variables of services/environment.py name, QUEUE_URL first. Looking
    takes no message away.
    """
    if context.invoked_subcommand is None:
        # Its imports take a second that no other command should wait for.
        from operations.queue import admin

        with admin.open_desk() as desk:
            desk.show(Console(), most=show)


@queue.command(name="redrive")
@click.option("--reason", required=True, help="Why, for whoever asks later; it is kept in the database.")
@click.option("--limit", type=click.IntRange(1), help="How many to move; by default all that lie there now.")
def redrive_command(reason: str, limit: int | None) -> None:
    """Move dead letters back into the queue, and open the videos again that were given up.

    A message is sent before its dead copy is deleted: interrupted anywhere, none is lost, and one that is sent twice
    is worked on once.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= _LONGEST_REASON:
        raise UserError(
            f"--reason has {len(reason)} characters; allowed are 1 to {_LONGEST_REASON}. Say what was mended."
        )
    from operations.queue import admin

    with admin.open_desk() as desk:
        lying = desk.dead_letters()
        most = min(lying, limit or lying)
        if not most:
            click.echo("There are no dead letters.")
            return
        count = 0
        with Progress(console=Console(stderr=True), transient=True) as progress:
            moved = desk.redrive(reason=reason, most=most)
            for name in progress.track(moved, total=most, description="Moving dead letters back"):
                count += 1
                progress.console.print(f"moved {name}", highlight=False)
        left = f", {lying - count} left" if lying > count else ""
        click.echo(f"{count} dead letters are in the queue again{left}. Reason: {reason}")
