"""The command `destroy`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from operations.deploy import prompts
from operations.deploy.apply import apply_log, apply_plan, plan_stack
from operations.deploy.interruption import Interruption
from operations.deploy.plan import STATEFUL_TYPES
from operations.deploy.scheduler import StackScheduler
from operations.deploy.states import TerraformState
from operations.deploy.summary import SUMMARY_FILE
from operations.deploy.target import AWS, LOCAL, Target, choose_target
from operations.deploy.terraform_stack import TerraformStack
from operations.deployed import deployed_state
from operations.destroy.backup import back_up
from operations.destroy.leftovers_report import list_leftovers
from workspace.errors import UserError
from workspace.progress import Board, step

CONFIRM = "Escribe 'yes' para confirmar: "
BACK_UP = "¿Deseas hacer un respaldo del bucket {bucket}? (y/n): "
DELETE = "¿Deseas vaciar y eliminar el bucket {bucket}? (y/n): "
NO_SNAPSHOT = "¿Deseas eliminar la base de datos {database} sin conservar un snapshot final? (y/n): "
_PROTECTION = {
    "aws_db_instance": ("identifier", "deletion_protection", True),
    "aws_lb": ("name", "enable_deletion_protection", True),
    "aws_s3_bucket": ("bucket", "force_destroy", False),
}
"""By type: attribute with the name, attribute that protects against deletion, and its protecting value."""


@click.command()
@click.option("--target", type=click.Choice([LOCAL, AWS]), help="As for deploy.")
@click.option("--environment", metavar="NAME", help="As for deploy.")
def destroy(target: str | None, environment: str | None) -> None:
    """Destroy a deployment after typing `yes`; a snapshot of the database and the bucket of the videos can be kept.

    Run it again to continue after an interruption. At the end it lists the remaining resources and their cost.
    """
    console = Console()
    try:
        _destroy(choose_target(target, environment), console)
    except prompts.Cancelled:
        console.print("Cancelled: nothing was destroyed.", style="yellow")


def _destroy(target: Target, console: Console) -> None:
    deployed = deployed_state.read(target, console)
    stacks, states = deployed.stacks, deployed.states
    require_unprotected(states)
    bucket = deployed.output("s3_bucket_name")
    _print_losses(states, target, bucket, console)
    _confirm()
    skip_snapshot = {at["identifier"]: _confirm_no_snapshot(at) for at in deployed.attributes("aws_db_instance")}
    keep_bucket = bool(bucket) and _offer_bucket(target, bucket, console)
    _choose_snapshots(stacks, states, skip_snapshot)
    if keep_bucket:
        with step(f"Removing the bucket {bucket} from the Terraform state", console):
            for terraform in stacks:
                terraform.remove_from_state(bucket_addresses(states[terraform.stack.name], bucket))
    applied = [terraform for terraform in reversed(stacks) if not states[terraform.stack.name].empty]
    destroy_all(applied, console, target.folder)
    Path(SUMMARY_FILE).unlink(missing_ok=True)
    _print_leftovers(target, [bucket] if keep_bucket else [], console)


def destroy_all(stacks: Sequence[TerraformStack], console: Console, folder: Path) -> None:
    """Destroy stacks, each after the stacks that depend on it.

    Args:
        stacks: Applied stacks.
        console: Shows the progress.
        folder: Folder of the deployment; receives Terraform's output.

    Raises:
        UserError: Terraform failed, or the run was interrupted.
    """
    by_name = {terraform.stack.name: terraform for terraform in stacks}
    dependents = {name: [other for other in by_name if name in by_name[other].stack.dependencies] for name in by_name}
    interruption, board = Interruption(), Board(console)

    def destroy_stack(name: str) -> None:
        terraform = by_name[name]
        stack_plan = plan_stack(terraform, "planning", board, interruption, destroy=True)
        if stack_plan.applyable:
            apply_plan(stack_plan, terraform, board, apply_log(folder, name), interruption)
        terraform.delete_plan()

    StackScheduler(dependents, interruption, board).run(destroy_stack)


def require_unprotected(states: Mapping[str, TerraformState]) -> None:
    """Raise if a resource is protected against deletion.

    Args:
        states: States by stack.

    Raises:
        UserError: At least one resource is protected.
    """
    protected = [
        f"{kind} {attributes[_PROTECTION[kind][0]]}"
        for state in states.values()
        for kind, _, attributes in state.resources
        if kind in _PROTECTION and attributes.get(_PROTECTION[kind][1]) is _PROTECTION[kind][2]
    ]
    if protected:
        raise UserError(
            f"Protected against deletion: {', '.join(protected)}. Set protect_data = false, run ./anb deploy, and then "
            "./anb destroy."
        )


def bucket_addresses(state: TerraformState, bucket: str) -> list[str]:
    """Terraform addresses of a bucket, its configuration and its objects."""
    return [f"{kind}.{name}" for kind, name, attributes in state.resources if attributes.get("bucket") == bucket]


def _print_losses(states: Mapping[str, TerraformState], target: Target, bucket: str, console: Console) -> None:
    console.rule("DESTRUCCIÓN DE INFRAESTRUCTURA", style="red")
    count = sum(len(state.resources) for state in states.values())
    console.print(f"Environment {target.settings.environment_name}, {target.name}: {count} resources.")
    for state in states.values():
        for kind, _, attributes in state.resources:
            if kind in STATEFUL_TYPES:
                name_attribute, type_name = STATEFUL_TYPES[kind]
                note = "  (can be kept)" if attributes.get("bucket") == bucket else ""
                name = attributes.get(name_attribute)
                console.print(f"  {type_name} {name}{note}", style="bold red", highlight=False)


def _confirm() -> None:
    """Require `yes`.

    Raises:
        Cancelled: Any other answer, or none.
    """
    click.echo(CONFIRM, nl=False)
    typed = sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        click.echo(typed)
    if typed != "yes":
        raise prompts.Cancelled


def _confirm_no_snapshot(database: Mapping[str, Any]) -> bool:
    """Ask whether a database is deleted without a final snapshot; every answer but y keeps one."""
    return prompts.confirm(NO_SNAPSHOT.format(database=database["identifier"]))


def _choose_snapshots(
    stacks: Sequence[TerraformStack], states: Mapping[str, TerraformState], skip: Mapping[str, bool]
) -> None:
    """Write the answers to the states, from which Terraform takes them; the settings would need a deployment."""
    for terraform in stacks:
        for kind, name, attributes in states[terraform.stack.name].resources:
            if kind == "aws_db_instance":
                chosen = deletion_attributes(attributes, skip_snapshot=skip[attributes["identifier"]])
                if any(attributes.get(attribute) != value for attribute, value in chosen.items()):
                    terraform.set_in_state(kind, name, chosen)


def deletion_attributes(database: Mapping[str, Any], *, skip_snapshot: bool) -> dict[str, Any]:
    """Attributes of a database in the state that decide what is left of it when Terraform deletes it.

    Args:
        database: Attributes of the database.
        skip_snapshot: Delete it without a final snapshot and its automated backups.
    """
    # The states of earlier releases have no name.
    default = f"{database['identifier']}-{datetime.now():%Y%m%d%H%M%S}-final"
    return {
        "skip_final_snapshot": skip_snapshot,
        "final_snapshot_identifier": database.get("final_snapshot_identifier") or default,
        "delete_automated_backups": skip_snapshot or not database.get("backup_retention_period"),
    }


def _offer_bucket(target: Target, bucket: str, console: Console) -> bool:
    """Offer a backup of the bucket; return whether to keep it."""
    if prompts.confirm(BACK_UP.format(bucket=bucket)):
        folder = Path(f"s3-backup-{datetime.now():%Y%m%d-%H%M%S}").resolve()
        with step(f"Backing up the bucket to {folder}", console) as current:
            current.note(f"{back_up(target.client('s3'), bucket, folder)} objects")
    return not prompts.confirm(DELETE.format(bucket=bucket))


def _print_leftovers(target: Target, kept: list[str], console: Console) -> None:
    lines = list(list_leftovers(target.client, target.settings.environment_name, kept))
    console.print(f"Destroyed. {'Remaining resources:' if lines else 'No resources remain.'}", style="bold")
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
