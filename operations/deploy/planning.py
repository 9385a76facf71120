"""Plans all stacks before anything is applied, as far as that can be known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from operations.deploy.plan import Basis, Plan, StackPlan, changed_outputs, from_configuration, from_terraform
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.deploy.terraform_stack import TerraformStack

_SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class Planned:
    """The plan, and what stands before it is applied, by stack."""

    plan: Plan
    states: Mapping[str, TerraformState]


def plan_all(
    stacks: Sequence[TerraformStack], states: Mapping[str, TerraformState], told: Callable[[str], None]
) -> Planned:
    """Plan every stack that can be planned now.

    Args:
        stacks: in order.
        states: what stands, by stack.
        told: how far it is.

    Raises:
        UserError: Terraform cannot plan a stack.
    """
    ready = [each for each in stacks if not unread(each.stack, states)]
    told(f"{len(ready)} of {len(stacks)} stacks by Terraform")
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        shown = dict(zip((each.stack.name for each in ready), pool.map(TerraformStack.plan, ready), strict=True))
    return Planned(assemble([each.stack for each in stacks], states, shown), states)


def read_states(stacks: Sequence[TerraformStack]) -> dict[str, TerraformState]:
    """What stands, by stack.

    Raises:
        UserError: the provider or a state cannot be had.
    """
    first, *others = stacks
    # By itself: the provider that the others share may have to be downloaded.
    states = {first.stack.name: first.state()}
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return states | dict(
            zip((each.stack.name for each in others), pool.map(TerraformStack.state, others), strict=True)
        )


def unread(stack: StackNode, states: Mapping[str, TerraformState]) -> tuple[str, ...]:
    """The stacks whose outputs it reads and that do not have them yet."""
    return tuple(
        name
        for name, outputs in sorted(stack.reads.items())
        if name not in states or not outputs <= states[name].outputs.keys()
    )


def assemble(
    stacks: Sequence[StackNode], states: Mapping[str, TerraformState], shown: Mapping[str, Mapping[str, Any]]
) -> Plan:
    """Put the parts together, and say which will be planned again.

    Args:
        stacks: in order.
        states: what stands, by stack.
        shown: Terraform's plan of each stack that it could plan.
    """
    parts: list[StackPlan] = []
    moving: dict[str, frozenset[str] | None] = {}  # which outputs change; None: nobody knows yet
    for stack in stacks:
        follows = tuple(
            name
            for name, outputs in sorted(stack.reads.items())
            if name in moving and ((changing := moving[name]) is None or changing & outputs)
        )
        if stack.name in shown:
            part = from_terraform(stack, shown[stack.name], follows)
            moving[stack.name] = None if follows else changed_outputs(shown[stack.name])
        elif states[stack.name].empty:
            part = from_configuration(stack)
            moving[stack.name] = None
        else:
            part = StackPlan(stack=stack.name, basis=Basis.LATER, follows=unread(stack, states))
            moving[stack.name] = None
        parts.append(part)
    return Plan(tuple(parts))
