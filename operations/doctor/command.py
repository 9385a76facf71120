"""The command `doctor`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from operations.deploy.planning import read_states
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.deploy.target import AWS, LOCAL, Target, choose_target
from operations.deploy.terraform_stack import terraform_stacks
from operations.doctor import preflight, programs
from operations.doctor.account import check_credentials
from operations.doctor.findings import DoctorFinding, ok, problem, problems, render, summary_line
from operations.doctor.permissions import check_permissions, required_actions
from operations.doctor.policy import PolicyScope, documents, statements
from operations.doctor.quotas import additional_usage, check_quotas, group_names
from operations.doctor.settings_checks import check_release, check_settings
from workspace import aws_provider, terraform
from workspace.cdktf import Deployment, Tools
from workspace.errors import UserError

PROVIDER_VERSION = "5.100.0"
"""Version that the provider's package synthesizes; a test compares it with the stacks."""


@click.command()
@click.option("--target", type=click.Choice([LOCAL, AWS]), help="As for deploy.")
@click.option("--environment", metavar="NAME", help="As for deploy.")
@click.option("--policy", is_flag=True, help="Print the IAM policies that the deployer needs, and check nothing.")
def doctor(target: str | None, environment: str | None, policy: bool) -> None:
    """Check the requirements of a deployment and suggest fixes.

    The exit code is 1 if a problem prevents the deployment.
    """
    if policy:
        click.echo(json.dumps(read_policies(target, environment), indent=2))
        return
    console = Console()
    findings: list[DoctorFinding] = []
    for finding in run_checks(target, environment):
        findings.append(finding)
        console.print(render(finding), highlight=False, soft_wrap=True)
    console.print(summary_line(findings), style="bold red" if problems(findings) else "bold green", highlight=False)
    if problems(findings):
        raise SystemExit(1)


def read_policies(target: str | None, environment: str | None) -> dict[str, Any]:
    """Return the IAM policies of a deployer of the environment, by the name to give each.

    Args:
        target, environment: As for deploy.

    Raises:
        UserError: The settings are invalid, the release is not built, or AWS rejects the credentials.
    """
    chosen = choose_target(target, environment)
    finding, caller = check_credentials(chosen.client)
    if caller is None:
        raise UserError(str(finding))
    stacks, _ = _read_stacks(chosen)
    scope = PolicyScope(account=caller.account, settings=chosen.settings)
    written = documents(statements(required_actions(stacks), scope))
    return {
        f"{chosen.settings.environment_name}-deploy-{number}": json.loads(document)
        for number, document in enumerate(written, 1)
    }


def run_checks(target: str | None, environment: str | None) -> Iterator[DoctorFinding]:
    """Yield the findings of all checks, fast checks first.

    Args:
        target, environment: As for deploy.
    """
    machine_findings = list(_check_machine())
    yield from machine_findings
    try:
        chosen = choose_target(target, environment)
    except UserError as error:
        yield problem("Settings", error.message, "Correct the settings; stacks/settings/model.py documents them")
        return
    release_finding = check_release(chosen.settings)
    yield from check_settings(chosen.environment, chosen.settings)
    yield release_finding
    result = preflight.check(chosen, deploying=True)
    yield from result.findings
    if result.caller is None or problems([*machine_findings, release_finding, *result.findings]):
        return
    try:
        stacks, states = _read_stacks(chosen)
    except UserError as error:
        yield problem("Stacks", error.message, "Fix this and run ./anb doctor again")
        return
    deployed = sum(not state.empty for state in states.values())
    yield ok("Stacks", f"{len(stacks)} synthesized, {deployed} deployed")
    yield from check_quotas(chosen.client, additional_usage(stacks, states), group_names(stacks))
    scope = PolicyScope(account=result.caller.account, settings=chosen.settings)
    yield from check_permissions(chosen.client("iam"), result.caller, required_actions(stacks), scope)


def _check_machine() -> Iterator[DoctorFinding]:
    yield programs.check_python()
    node_on_path = shutil.which("node")
    yield from programs.check_node(Path(node_on_path) if node_on_path else None)
    terraform_finding = programs.check_terraform(programs.terraform_cache(), terraform.TerraformRelease.pinned())
    yield terraform_finding
    source = aws_provider.detect_provider()
    configured_by_user = source.mirror is None and source.description.startswith("as ")
    terraform_on_path = shutil.which("terraform")
    if configured_by_user and terraform_on_path and not problems([terraform_finding]):
        folder = programs.terraform_cache() / "provider"
        yield programs.check_configured_provider(Path(terraform_on_path), PROVIDER_VERSION, folder)
    else:
        yield programs.check_provider(source, PROVIDER_VERSION)


def _read_stacks(target: Target) -> tuple[list[StackNode], dict[str, TerraformState]]:
    deployment = Deployment(target.folder, Tools.ensure(cdktf_cli=False), target.variables)
    deployment.synthesize()
    stacks = terraform_stacks(deployment)
    return [terraform_stack.stack for terraform_stack in stacks], read_states(stacks)
