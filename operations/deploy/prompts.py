"""The questions of a deployment."""

from __future__ import annotations

import sys

import click
from rich.console import Console

from operations.deploy.plan import Change
from workspace.errors import UserError

QUESTION = "¿Deseas aplicar este plan? (y/n): "


class Cancelled(Exception):
    """The operator said no."""


def apply(*, yes: bool) -> None:
    """Ask whether to apply the plan: one key, and only y or Y is a yes.

    Args:
        yes: answered beforehand, with --yes.

    Raises:
        Cancelled: the answer was anything else, or there was none.
    """
    click.echo(QUESTION, nl=False)
    if yes:
        click.echo("y (--yes)")
        return
    if not _is_yes():
        raise Cancelled


def one_key(question: str) -> bool:
    """Ask something that one key answers: y or Y is a yes, all else a no.

    Args:
        question: as it is shown.
    """
    click.echo(question, nl=False)
    return _is_yes()


def _is_yes() -> bool:
    answer = click.getchar() if sys.stdin.isatty() else sys.stdin.readline()[:1]
    click.echo(answer.strip())
    return answer in ("y", "Y")


def losses(changes: list[Change], console: Console, *, yes: bool) -> None:
    """Have each thing named whose data the plan would lose.

    Args:
        changes: those that lose data.
        console: where they are shown.
        yes: whether nobody is there to type.

    Raises:
        Cancelled: a name was not typed.
        UserError: nobody is there to type, or AWS guards what would be deleted.
    """
    guarded = [change.described for change in changes if change.guarded]
    if guarded:
        raise UserError(
            f"The plan deletes {' and '.join(guarded)}, guarded against deletion. Nothing more was applied. Set "
            "protect_data = false, deploy that alone, and deploy again."
        )
    if changes and yes:
        raise UserError(
            f"The plan loses what {' and '.join(change.described for change in changes)} holds, and --yes does not "
            "answer for that. Nothing more was applied. Run ./anb deploy without --yes and type the name."
        )
    for change in changes:
        name = change.name or change.path
        console.print(f"What {change.described} holds will be lost.", style="bold red", highlight=False)
        click.echo(f"Type {name} to go on: ", nl=False)
        typed = sys.stdin.readline().strip()
        if not sys.stdin.isatty():
            click.echo(typed)
        if typed != name:
            raise Cancelled
