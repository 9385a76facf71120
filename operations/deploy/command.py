"""The command `deploy`."""

from __future__ import annotations

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
from operations.deploy.health import SERVING_SECONDS, find_groups, wait_until_serving
from operations.deploy.orphan_recovery import Begun, import_id, left_behind, wrongly_tainted
from operations.deploy.plan import StackPlan
from operations.deploy.planning import Planned, plan_all, read_states
from operations.deploy.show import change_lines, cost_line, plan_lines
from operations.deploy.states import TerraformState
from operations.deploy.summary import FILE, Summary, secrets
from operations.deploy.target import AWS, LOCAL, Target, choose
from operations.deploy.terraform_stack import TerraformStack, stacks_of
from operations.doctor import preflight
from operations.doctor.findings import Level, line, problems
from workspace.cdktf import Deployment, Tools
from workspace.errors import UserError
from workspace.progress import step


@click.command()
@click.option("--target", type=click.Choice([LOCAL, AWS]), help="Where to; by default what the environment is for.")
@click.option("--environment", metavar="NAME", help="Its settings: environments/NAME.toml; by default production.")
@click.option("--yes", is_flag=True, help="Apply without asking; what would lose data is asked about all the same.")
def deploy(target: str | None, environment: str | None, yes: bool) -> None:
    """Deploy the stacks: show the plan and what it costs, ask, apply, wait until all is in service.

    Interrupted, it is run again and goes on. `local` is the embedded AWS of ./anb up, or the one AWS_ENDPOINT_URL
    names; `aws` is the account of the credentials.
    """
    console = Console()
    try:
        deploy_to(choose(target, environment), console, yes=yes)
    except prompts.Cancelled:
        console.print("Cancelled: nothing more was applied.", style="yellow")


def deploy_to(target: Target, console: Console, *, yes: bool) -> None:
    """Deploy: look, plan, ask, apply, wait.

    Args:
        target: where to.
        console: where it is shown.
        yes: whether the plan is applied without asking.

    Raises:
        Cancelled: the answer was no.
        UserError: something stops it.
    """
    account = _look(target, console)
    with step("Finding Terraform, its AWS provider and Node", console) as current:
        tools = Tools.ensure(cdktf_cli=False)
        current.note(f"provider {tools.provider.description}")
    deployment = Deployment(target.folder, tools, target.variables)
    with step("Synthesizing the stacks", console) as current:
        current.note(f"{deployment.synthesize()} resources")
    stacks = stacks_of(deployment)
    with step("Reading the states", console):
        states: Mapping[str, TerraformState] = read_states(stacks)
    if _take_over(stacks, states, target, account, console):
        states = read_states(stacks)
    with step("Planning", console) as current:
        planned = plan_all(stacks, states, current.note)
    started = time.monotonic()
    _show(planned, stacks, console)
    if planned.plan.empty:
        console.print("Nothing to apply.")
    else:
        states = _confirm_and_apply(planned, stacks, target, console, yes=yes)
    with step("Waiting for the instances", console) as current:
        rolling = not target.settings.embedded
        wait_until_serving(find_groups(states), target.client, current.note, rolling=rolling, seconds=SERVING_SECONDS)
    _tell(target, account, states, console, time.monotonic() - started)


def _look(target: Target, console: Console) -> str:
    with step("Looking at credentials, region and state", console):
        found = preflight.look(target)
    for finding in found.findings:
        if finding.level is Level.WARNING:
            console.print(line(finding), soft_wrap=True)
    wrong = problems(found.findings)
    if wrong or found.caller is None:
        raise UserError("\n".join(str(finding) for finding in wrong))
    console.print(f"  account {found.caller.account}, region {target.settings.aws_region}", highlight=False)
    return found.caller.account


def _take_over(
    stacks: list[TerraformStack], states: Mapping[str, TerraformState], target: Target, account: str, console: Console
) -> bool:
    """Take over what a deployment that was cut off had made; returns whether there was anything."""
    found: list[tuple[TerraformStack, Begun]] = []
    given_up: list[tuple[TerraformStack, str]] = []
    for each in stacks:
        log = apply_log(target.folder, each.stack.name)
        output, state = log.read_text(errors="replace") if log.exists() else "", states[each.stack.name]
        found += [(each, begun) for begun in left_behind(each.stack, state, output, account)]
        given_up += [(each, address) for address in wrongly_tainted(state, output)]
    if not found and not given_up:
        return False
    with step("Taking over what a deployment that was cut off had begun", console) as current:
        for each, address in given_up:
            each.untaint(address)
        taken = [each.stack.paths().get(address, address) for each, address in given_up] + [
            begun.path
            for each, begun in found
            if begun.name and (id := import_id(begun, target.client)) and each.adopt(begun.address, id)
        ]
        current.note(", ".join(taken) or "nothing of it stands")
    for _, begun in found:
        if begun.warning:
            console.print(begun.warning, style="yellow", soft_wrap=True)
    return bool(taken)


def _show(planned: Planned, stacks: list[TerraformStack], console: Console) -> None:
    console.rule("The plan")
    for text in plan_lines(planned.plan):
        console.print(text, soft_wrap=True)
    before = cost.estimate({name: state.document() for name, state in planned.states.items()})
    after = cost.estimate({each.stack.name: each.stack.document for each in stacks})
    console.print(cost_line(before, after), soft_wrap=True, highlight=False)


def _confirm_and_apply(
    planned: Planned, stacks: list[TerraformStack], target: Target, console: Console, *, yes: bool
) -> Mapping[str, TerraformState]:
    plan = planned.plan
    prompts.apply(yes=yes)
    prompts.losses(plan.losses, console, yes=yes)
    shown = {(change.stack, change.address, change.action) for change in plan.changes}

    def confirm(part: StackPlan) -> None:
        """What follows from the stacks before goes on; what loses data and was not shown is asked about."""
        new = [change for change in part.changes if (part.stack, change.address, change.action) not in shown]
        for change in new:
            for text in change_lines(change):
                console.print(text, soft_wrap=True)
        prompts.losses([change for change in new if change.loses_data], console, yes=yes)

    return apply_all(planned, stacks, console, target.folder, confirm)


def _tell(target: Target, account: str, states: Mapping[str, TerraformState], console: Console, seconds: float) -> None:
    settings = target.settings
    summary = Summary(
        environment_name=settings.environment_name,
        target=target.name,
        region=settings.aws_region,
        account=account,
        database_name=settings.db_name,
        database_user=settings.db_username,
        outputs={name: value for state in states.values() for name, value in state.outputs.items()},
        secrets=secrets(states),
    )
    table = Table.grid(padding=(0, 2))
    for name, value in summary.rows().items():
        table.add_row(name, value)
    console.print(Panel(table, title=f"Deployed in {seconds:.0f} s", expand=False))
    file = Path(FILE).resolve()
    file.write_text(summary.text(datetime.now().astimezone()), encoding="utf-8")
    console.print(f"All of it is in {file}.", highlight=False, markup=False, soft_wrap=True)
