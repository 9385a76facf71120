"""The command `destroy`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from operations.deploy import prompts
from operations.deploy.apply import apply_log, apply_plan, plan_stack
from operations.deploy.interruption import Interruption
from operations.deploy.plan import HOLDS_DATA
from operations.deploy.scheduler import Scheduler
from operations.deploy.states import TerraformState
from operations.deploy.summary import FILE
from operations.deploy.target import AWS, LOCAL, Target, choose
from operations.deploy.terraform_stack import TerraformStack
from operations.deployed import deployed_state
from operations.destroy.backup import back_up
from operations.destroy.leftovers_report import remaining
from workspace.errors import UserError
from workspace.progress import Board, step

CONFIRM = "Escribe 'yes' para confirmar: "
BACK_UP = "¿Deseas hacer un respaldo del bucket {bucket}? (y/n): "
DELETE = "¿Deseas vaciar y eliminar el bucket {bucket}? (y/n): "
_GUARDED = {
    "aws_db_instance": ("identifier", "deletion_protection", True),
    "aws_lb": ("name", "enable_deletion_protection", True),
    "aws_s3_bucket": ("bucket", "force_destroy", False),
}
"""By type: what names it, and the value of which attribute guards it."""


@click.command()
@click.option("--target", type=click.Choice([LOCAL, AWS]), help="As for deploy.")
@click.option("--environment", metavar="NAME", help="As for deploy.")
def destroy(target: str | None, environment: str | None) -> None:
    """Destroy what is deployed: `yes` has to be typed, the videos can be backed up, their bucket kept.

    Interrupted, it is run again and goes on. It ends with what remains, and what that costs.
    """
    console = Console()
    try:
        _destroy(choose(target, environment), console)
    except prompts.Cancelled:
        console.print("Cancelled: nothing was destroyed.", style="yellow")


def _destroy(target: Target, console: Console) -> None:
    found = deployed_state.read(target, console)
    stacks, states = found.stacks, found.states
    refuse_guarded(states)
    bucket = found.output("s3_bucket_name")
    _show(states, target, bucket, console)
    kept = _ask(target, bucket, console)
    if kept:
        with step(f"Letting go of the bucket {bucket}", console):
            for each in stacks:
                each.let_go(parts_of_bucket(states[each.stack.name], bucket))
    destroy_all([each for each in reversed(stacks) if not states[each.stack.name].empty], console, target.folder)
    Path(FILE).unlink(missing_ok=True)
    _tell(target, [bucket] if kept else [], console)


def destroy_all(stacks: Sequence[TerraformStack], console: Console, folder: Path) -> None:
    """Destroy stacks, each when those that need it are gone.

    Args:
        stacks: those that stand.
        console: where the progress is shown.
        folder: of the deployment; gets Terraform's output.

    Raises:
        UserError: Terraform failed, or somebody interrupted.
    """
    by_name = {each.stack.name: each for each in stacks}
    needed_by = {name: [other for other in by_name if name in by_name[other].stack.after] for name in by_name}
    interruption, board = Interruption(), Board(console)

    def take_down(name: str) -> None:
        each = by_name[name]
        part = plan_stack(each, "planning", board, interruption, destroy=True)
        if part.applies:
            apply_plan(part, each, board, apply_log(folder, name), interruption)
        each.forget_plan()

    Scheduler(needed_by, interruption, board).run(take_down)


def refuse_guarded(states: Mapping[str, TerraformState]) -> None:
    """Refuse while anything is guarded against being deleted.

    Args:
        states: what stands.

    Raises:
        UserError: something is.
    """
    guarded = [
        f"{kind} {attributes[_GUARDED[kind][0]]}"
        for state in states.values()
        for kind, _, attributes in state.resources
        if kind in _GUARDED and attributes.get(_GUARDED[kind][1]) is _GUARDED[kind][2]
    ]
    if guarded:
        raise UserError(
            f"Guarded against being destroyed: {', '.join(guarded)}. Set protect_data = false, run ./anb deploy, and "
            "then ./anb destroy."
        )


def parts_of_bucket(state: TerraformState, bucket: str) -> list[str]:
    """The addresses of a bucket and of all that is set on it or lies in it."""
    return [f"{kind}.{name}" for kind, name, attributes in state.resources if attributes.get("bucket") == bucket]


def _show(states: Mapping[str, TerraformState], target: Target, bucket: str, console: Console) -> None:
    console.rule("DESTRUCCIÓN DE INFRAESTRUCTURA", style="red")
    count = sum(len(state.resources) for state in states.values())
    console.print(f"Environment {target.settings.environment_name}, {target.name}: {count} resources.")
    for state in states.values():
        for kind, _, attributes in state.resources:
            if kind in HOLDS_DATA:
                named_by, word = HOLDS_DATA[kind]
                note = "  (can be kept)" if attributes.get("bucket") == bucket else ""
                console.print(f"  {word} {attributes.get(named_by)}{note}", style="bold red", highlight=False)


def _ask(target: Target, bucket: str, console: Console) -> bool:
    """The original's questions; returns whether the bucket is kept."""
    click.echo(CONFIRM, nl=False)
    typed = sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        click.echo(typed)
    if typed != "yes":
        raise prompts.Cancelled
    if not bucket:
        return False
    if prompts.one_key(BACK_UP.format(bucket=bucket)):
        folder = Path(f"s3-backup-{datetime.now():%Y%m%d-%H%M%S}").resolve()
        with step(f"Backing the bucket up into {folder}", console) as current:
            current.note(f"{back_up(target.client('s3'), bucket, folder)} objects")
    return not prompts.one_key(DELETE.format(bucket=bucket))


def _tell(target: Target, kept: list[str], console: Console) -> None:
    lines = list(remaining(target.client, target.settings.environment_name, kept))
    console.print(f"Destroyed. {'What remains:' if lines else 'Nothing of it remains.'}", style="bold")
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
