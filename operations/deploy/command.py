"""The command `deploy`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from constructs_lib.governance import cost
from operations.deploy import prompts
from operations.deploy.apply import apply_all, apply_log
from operations.deploy.health import DeployedGroup, find_groups, read_health
from operations.deploy.orphan_recovery import Orphan, find_orphans, import_id, tainted_by_cancellation
from operations.deploy.plan import StackPlan
from operations.deploy.planning import PlanningResult, plan_all, read_states
from operations.deploy.rollouts import explain_rollback, retry_rollout, wait_until_in_service
from operations.deploy.show import change_lines, cost_line, plan_lines
from operations.deploy.states import TerraformState
from operations.deploy.summary import SUMMARY_FILE, Summary, find_secrets
from operations.deploy.target import AWS, LOCAL, Target, choose_target
from operations.deploy.terraform_stack import TerraformStack, terraform_stacks
from operations.deployed.calls import readable_aws_errors
from operations.doctor import preflight
from operations.doctor.findings import Level, problems, render
from workspace.cdktf import Deployment, Tools
from workspace.errors import UserError
from workspace.progress import step


@click.command()
@click.option("--target", type=click.Choice([LOCAL, AWS]), help="Deployment target; default: the environment's.")
@click.option("--environment", metavar="NAME", help="Settings file environments/NAME.toml; default: production.")
@click.option("--yes", is_flag=True, help="Apply without asking; data loss still requires confirmation.")
def deploy(target: str | None, environment: str | None, yes: bool) -> None:
    """Deploy the stacks: show the plan and its cost, ask, apply, wait until all instances are in service.

    Run it again to continue after an interruption. The target `local` is the AWS emulator of ./anb up, or the one at
    AWS_ENDPOINT_URL; `aws` is the account of the credentials.
    """
    console = Console()
    try:
        run_deployment(choose_target(target, environment), console, yes=yes)
    except prompts.Cancelled:
        console.print("Cancelled: nothing more was applied.", style="yellow")


def run_deployment(target: Target, console: Console, *, yes: bool) -> None:
    """Run all steps of a deployment.

    Args:
        target: Environment and AWS to deploy to.
        console: Shows the progress.
        yes: Apply the plan without asking.

    Raises:
        Cancelled: The operator declined.
        UserError: The deployment cannot continue.
    """
    account = _check_account(target, console)
    with step("Finding Terraform, its AWS provider and Node", console) as current:
        tools = Tools.ensure(cdktf_cli=False)
        current.note(f"provider {tools.provider.description}")
    deployment = Deployment(target.folder, tools, target.variables)
    with step("Synthesizing the stacks", console) as current:
        current.note(f"{deployment.synthesize()} resources")
    stacks = terraform_stacks(deployment)
    with step("Reading the states", console):
        states: Mapping[str, TerraformState] = read_states(stacks)
    if _recover_orphans(stacks, states, target, account, console):
        states = read_states(stacks)
    with step("Planning", console) as current:
        planned = plan_all(stacks, states, current.note)
    started = time.monotonic()
    _print_plan(planned, stacks, console)
    if planned.plan.empty:
        console.print("Nothing to apply.")
    else:
        states = _confirm_and_apply(planned, stacks, target, console, yes=yes)
    groups = find_groups(states)
    _print_rollouts(planned.states, states, console)
    if not yes:
        with readable_aws_errors():
            _offer_retries(groups, target, console)
    with step("Waiting for the instances", console) as current, readable_aws_errors():
        wait_until_in_service(groups, target.client, current.note)
    _print_summary(target, account, states, console, time.monotonic() - started)


def _check_account(target: Target, console: Console) -> str:
    """Check credentials, region, plan and state; return the account number."""
    with step("Checking credentials, region and state", console):
        result = preflight.check(target, deploying=True)
    for finding in result.findings:
        if finding.level is Level.WARNING:
            console.print(render(finding), soft_wrap=True)
    errors = problems(result.findings)
    if errors or result.caller is None:
        raise UserError("\n".join(str(finding) for finding in errors))
    console.print(f"  account {result.caller.account}, region {target.settings.aws_region}", highlight=False)
    return result.caller.account


def _recover_orphans(
    stacks: list[TerraformStack], states: Mapping[str, TerraformState], target: Target, account: str, console: Console
) -> bool:
    """Import what an interrupted deployment created; return whether any state has changed."""
    orphans: list[tuple[TerraformStack, Orphan]] = []
    tainted: list[tuple[TerraformStack, str]] = []
    for terraform in stacks:
        log = apply_log(target.folder, terraform.stack.name)
        output, state = log.read_text(errors="replace") if log.exists() else "", states[terraform.stack.name]
        orphans += [(terraform, orphan) for orphan in find_orphans(terraform.stack, state, output, account)]
        tainted += [(terraform, address) for address in tainted_by_cancellation(state, output)]
    if not orphans and not tainted:
        return False
    with step("Recovering resources of an interrupted deployment", console) as current:
        for terraform, address in tainted:
            terraform.untaint(address)
        recovered = [terraform.stack.paths().get(address, address) for terraform, address in tainted] + [
            orphan.path
            for terraform, orphan in orphans
            if orphan.name
            and (id := import_id(orphan, target.client))
            and terraform.import_resource(orphan.address, id)
        ]
        current.note(", ".join(recovered) or "none found")
    for _, orphan in orphans:
        if orphan.warning:
            console.print(orphan.warning, style="yellow", soft_wrap=True)
    return bool(recovered)


def _print_plan(planned: PlanningResult, stacks: list[TerraformStack], console: Console) -> None:
    console.rule("Plan")
    for text in plan_lines(planned.plan):
        console.print(text, soft_wrap=True)
    before = cost.estimate({name: state.document() for name, state in planned.states.items()})
    after = cost.estimate({terraform.stack.name: terraform.stack.document for terraform in stacks})
    console.print(cost_line(before, after), soft_wrap=True, highlight=False)


def _confirm_and_apply(
    planned: PlanningResult, stacks: list[TerraformStack], target: Target, console: Console, *, yes: bool
) -> Mapping[str, TerraformState]:
    plan = planned.plan
    prompts.confirm_apply(yes=yes)
    prompts.confirm_losses(plan.losses, console, yes=yes)
    shown = {(change.stack, change.address, change.action) for change in plan.changes}

    def confirm(stack_plan: StackPlan) -> None:
        """Print changes that the first plan did not show; ask only about data loss."""
        new = [
            change for change in stack_plan.changes if (stack_plan.stack, change.address, change.action) not in shown
        ]
        for change in new:
            for text in change_lines(change):
                console.print(text, soft_wrap=True)
        prompts.confirm_losses([change for change in new if change.loses_data], console, yes=yes)

    return apply_all(planned, stacks, console, target.folder, confirm)


def _print_rollouts(
    before: Mapping[str, TerraformState], after: Mapping[str, TerraformState], console: Console
) -> None:
    """Print the results of the rollouts that the deployment has started."""
    for result in sorted(_rollouts(after) - _rollouts(before)):
        rollout = json.loads(result)
        console.print(f"  {rollout['group']}: {rollout['detail']}", highlight=False, markup=False, soft_wrap=True)


def _rollouts(states: Mapping[str, TerraformState]) -> set[str]:
    return {
        at["result"] for state in states.values() for kind, _, at in state.resources if kind == "aws_lambda_invocation"
    }


def _offer_retries(groups: list[DeployedGroup], target: Target, console: Console) -> None:
    """Ask whether to roll out again what was rolled back earlier; without an answer, the wait reports it."""
    for group in groups:
        health = read_health(group, target.client)
        if health.behind:
            for text in explain_rollback(health, target.client("cloudwatch")):
                console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)
            if prompts.confirm(prompts.RETRY.format(group=group.name, version=group.version)):
                detail = retry_rollout(group, target.client)
                console.print(f"  {group.name}: {detail}", highlight=False, markup=False, soft_wrap=True)


def _print_summary(
    target: Target, account: str, states: Mapping[str, TerraformState], console: Console, seconds: float
) -> None:
    settings = target.settings
    summary = Summary(
        environment_name=settings.environment_name,
        target=target.name,
        region=settings.aws_region,
        account=account,
        database_name=settings.db_name,
        database_user=settings.db_username,
        outputs={name: value for state in states.values() for name, value in state.outputs.items()},
        secrets=find_secrets(states),
    )
    table = Table.grid(padding=(0, 2))
    for name, value in summary.rows().items():
        table.add_row(name, value)
    console.print(Panel(table, title=f"Deployed in {seconds:.0f} s", expand=False))
    file = Path(SUMMARY_FILE).resolve()
    file.write_text(summary.text(datetime.now().astimezone()), encoding="utf-8")
    console.print(f"Details: {file}", highlight=False, markup=False, soft_wrap=True)
