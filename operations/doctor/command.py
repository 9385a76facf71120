"""The command `doctor`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from operations.deploy.planning import read_states
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.deploy.target import AWS, LOCAL, Target, choose
from operations.deploy.terraform_stack import stacks_of
from operations.doctor import preflight, programs
from operations.doctor.findings import DoctorFinding, closing_line, line, ok, problem, problems
from operations.doctor.permissions import permissions, sample_resources, wanted
from operations.doctor.quotas import needed, quotas
from operations.doctor.settings_checks import choices, release
from workspace import aws_provider, terraform
from workspace.cdktf import Deployment, Tools
from workspace.errors import UserError

PROVIDER_VERSION = "5.100.0"
"""What the provider's package synthesizes; a test holds it to the stacks."""


@click.command()
@click.option("--target", type=click.Choice([LOCAL, AWS]), help="As for deploy.")
@click.option("--environment", metavar="NAME", help="As for deploy.")
def doctor(target: str | None, environment: str | None) -> None:
    """Look whether everything is there that a deployment needs, and say how to mend what is not.

    Ends with exit code 1 when something stops a deployment.
    """
    console = Console()
    found: list[DoctorFinding] = []
    for finding in examine(target, environment):
        found.append(finding)
        console.print(line(finding), highlight=False, soft_wrap=True)
    console.print(closing_line(found), style="bold red" if problems(found) else "bold green", highlight=False)
    if problems(found):
        raise SystemExit(1)


def examine(target: str | None, environment: str | None) -> Iterator[DoctorFinding]:
    """Every finding, the quick ones first.

    Args:
        target, environment: as for deploy.
    """
    machine = list(_machine())
    yield from machine
    try:
        where = choose(target, environment)
    except UserError as error:
        yield problem("Settings", error.message, "Mend them; stacks/settings/model.py documents each")
        return
    built = release(where.settings)
    yield from choices(where.environment, where.settings)
    yield built
    looked = preflight.look(where)
    yield from looked.findings
    if looked.caller is None or problems([*machine, built, *looked.findings]):
        return
    try:
        stacks, states = _stacks(where)
    except UserError as error:
        yield problem("Stacks", error.message, "Mend that and run ./anb doctor again")
        return
    yield ok("Stacks", f"{len(stacks)} synthesized, {sum(not state.empty for state in states.values())} of them stand")
    yield from quotas(where.client, needed(stacks, states))
    samples = sample_resources(looked.caller.account, where.settings.aws_region, where.settings.environment_name)
    yield from permissions(where.client("iam"), looked.caller, wanted(stacks), samples)


def _machine() -> Iterator[DoctorFinding]:
    yield programs.python()
    found = shutil.which("node")
    yield from programs.nodes(Path(found) if found else None)
    program = programs.terraform_program(programs.kept_terraform(), terraform.TerraformRelease.pinned())
    yield program
    source = aws_provider.detect_provider()
    configured = source.mirror is None and source.description.startswith("as ")
    named = shutil.which("terraform")
    if configured and named and not problems([program]):
        folder = programs.kept_terraform() / "provider"
        yield programs.provider_by_terraform(Path(named), PROVIDER_VERSION, folder)
    else:
        yield programs.provider(source, PROVIDER_VERSION)


def _stacks(where: Target) -> tuple[list[StackNode], dict[str, TerraformState]]:
    deployment = Deployment(where.folder, Tools.ensure(cdktf_cli=False), where.variables)
    deployment.synthesize()
    stacks = stacks_of(deployment)
    return [each.stack for each in stacks], read_states(stacks)
