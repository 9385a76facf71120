"""Plan all stacks, as far as possible, before any is applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from operations.deploy.plan import Basis, Plan, StackPlan, changed_outputs, from_configuration, from_terraform
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.deploy.terraform_stack import TerraformStack

_MAX_PARALLEL = 4


@dataclass(frozen=True)
class PlanningResult:
    """The plan, and the states it was made from, by stack."""

    plan: Plan
    states: Mapping[str, TerraformState]


def plan_all(
    stacks: Sequence[TerraformStack], states: Mapping[str, TerraformState], on_progress: Callable[[str], None]
) -> PlanningResult:
    """Plan every stack whose inputs exist.

    Args:
        stacks: All stacks, in dependency order.
        states: Current states, by stack.
        on_progress: Receives the progress as text.

    Raises:
        UserError: Terraform cannot plan a stack.
    """
    ready = [terraform for terraform in stacks if not missing_inputs(terraform.stack, states)]
    on_progress(f"{len(ready)} of {len(stacks)} stacks by Terraform")
    with ThreadPoolExecutor(_MAX_PARALLEL) as pool:
        names = (terraform.stack.name for terraform in ready)
        terraform_plans = dict(zip(names, pool.map(TerraformStack.plan, ready), strict=True))
    return PlanningResult(combine([terraform.stack for terraform in stacks], states, terraform_plans), states)


def read_states(stacks: Sequence[TerraformStack]) -> dict[str, TerraformState]:
    """Initialize all stacks and read their states, by stack.

    Raises:
        UserError: The provider or a state is not available.
    """
    first, *others = stacks
    # Alone, because it may download the provider that the others share.
    states = {first.stack.name: first.init_and_pull_state()}
    with ThreadPoolExecutor(_MAX_PARALLEL) as pool:
        names = (terraform.stack.name for terraform in others)
        return states | dict(zip(names, pool.map(TerraformStack.init_and_pull_state, others), strict=True))


def missing_inputs(stack: StackNode, states: Mapping[str, TerraformState]) -> tuple[str, ...]:
    """Names of the stacks whose outputs it reads but that do not have them yet."""
    return tuple(
        name
        for name, outputs in sorted(stack.inputs.items())
        if name not in states or not outputs <= states[name].outputs.keys()
    )


def combine(
    stacks: Sequence[StackNode],
    states: Mapping[str, TerraformState],
    terraform_plans: Mapping[str, Mapping[str, Any]],
) -> Plan:
    """Combine the plans of all stacks and mark the stacks that will be planned again.

    Args:
        stacks: All stacks, in dependency order.
        states: Current states, by stack.
        terraform_plans: ``terraform show -json`` of each stack that Terraform could plan.
    """
    stack_plans: list[StackPlan] = []
    # Outputs that change, by stack; None while unknown.
    changing: dict[str, frozenset[str] | None] = {}
    for stack in stacks:
        replan_after = tuple(
            name
            for name, outputs in sorted(stack.inputs.items())
            if name in changing and ((changed := changing[name]) is None or changed & outputs)
        )
        if stack.name in terraform_plans:
            stack_plan = from_terraform(stack, terraform_plans[stack.name], replan_after)
            changing[stack.name] = None if replan_after else changed_outputs(terraform_plans[stack.name])
        elif states[stack.name].empty:
            stack_plan = from_configuration(stack)
            changing[stack.name] = None
        else:
            missing = missing_inputs(stack, states)
            stack_plan = StackPlan(stack=stack.name, basis=Basis.DEFERRED, replan_after=missing)
            changing[stack.name] = None
        stack_plans.append(stack_plan)
    return Plan(tuple(stack_plans))
