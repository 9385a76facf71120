"""The confirmation prompts of a deployment."""

from __future__ import annotations

import sys

import click
from rich.console import Console

from operations.deploy.plan import Change
from workspace.errors import UserError

QUESTION = "¿Deseas aplicar este plan? (y/n): "
RETRY = "¿Deseas desplegar otra vez la versión {version} en {group}? (y/n): "


class Cancelled(Exception):
    """The operator declined."""


def confirm_apply(*, yes: bool) -> None:
    """Ask whether to apply the plan; only y or Y confirms.

    Args:
        yes: Confirm without asking, as with --yes.

    Raises:
        Cancelled: Any other answer, or none.
    """
    click.echo(QUESTION, nl=False)
    if yes:
        click.echo("y (--yes)")
        return
    if not _is_yes():
        raise Cancelled


def confirm(question: str) -> bool:
    """Ask a yes-or-no question that is answered with one key; only y or Y is yes.

    Args:
        question: Text of the question.
    """
    click.echo(question, nl=False)
    return _is_yes()


def _is_yes() -> bool:
    answer = click.getchar() if sys.stdin.isatty() else sys.stdin.readline()[:1]
    click.echo(answer.strip())
    return answer in ("y", "Y")


def confirm_losses(changes: list[Change], console: Console, *, yes: bool) -> None:
    """Require the name of each resource whose data the plan destroys.

    Args:
        changes: Changes that lose data.
        console: Shows the warnings.
        yes: Run without prompts, as with --yes.

    Raises:
        Cancelled: A name was not typed.
        UserError: Prompts are off, or AWS protects a resource against deletion.
    """
    protected = [change.description for change in changes if change.protected]
    if protected:
        raise UserError(
            f"The plan deletes {' and '.join(protected)}, but deletion protection is on. Nothing more was applied. "
            "Set protect_data = false, deploy only that change, and deploy again."
        )
    if changes and yes:
        raise UserError(
            f"The plan destroys the data in {' and '.join(change.description for change in changes)}; --yes does not "
            "confirm data loss. Nothing more was applied. Run ./anb deploy without --yes and type the name."
        )
    for change in changes:
        name = change.name or change.path
        console.print(f"All data in {change.description} will be lost.", style="bold red", highlight=False)
        click.echo(f"Type {name} to continue: ", nl=False)
        typed = sys.stdin.readline().strip()
        if not sys.stdin.isatty():
            click.echo(typed)
        if typed != name:
            raise Cancelled
