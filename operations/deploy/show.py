"""Render the plan and its cost for the terminal. Data loss is red."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rich.text import Text

from constructs_lib.governance.cost import Cost
from operations.deploy.plan import Action, Basis, Change, Plan, StackPlan

_SIGNS = {
    Action.CREATE: ("+", "green"),
    Action.CHANGE: ("~", "yellow"),
    Action.REPLACE: ("±", "magenta"),
    Action.DESTROY: ("-", "magenta"),
    Action.FORGET: (".", "dim"),
}
_PAST_TENSE = {
    Action.CREATE: "created",
    Action.CHANGE: "changed",
    Action.REPLACE: "replaced",
    Action.DESTROY: "destroyed",
    Action.FORGET: "forgotten",
}
_DATA_LOSS = "bold red"


def plan_lines(plan: Plan) -> Iterator[Text]:
    """Render the plan stack by stack in dependency order, then the totals and the data losses."""
    width = max((len(stack_plan.stack) for stack_plan in plan.stacks), default=0)
    for stack_plan in plan.stacks:
        yield from _stack_lines(stack_plan, width)
    yield Text(f"Total: {count_actions(plan.changes)}.", style="bold")
    for change in plan.losses:
        yield Text(f"Data loss: {change.description} is {_PAST_TENSE[change.action]}.", style=_DATA_LOSS)


def count_actions(changes: list[Change]) -> str:
    """Count the changes by action, such as "3 created, 1 changed"."""
    counts = Counter(change.action for change in changes)
    return ", ".join(f"{counts[action]} {_PAST_TENSE[action]}" for action in Action if counts[action]) or "no changes"


def _stack_lines(stack_plan: StackPlan, width: int) -> Iterator[Text]:
    summary = count_actions(list(stack_plan.changes))
    # A stack of which everything is created is summarized by resource type.
    collapsed = len(stack_plan.changes) > 3 and all(change.action is Action.CREATE for change in stack_plan.changes)
    if stack_plan.basis is Basis.DEFERRED:
        verb = "are" if len(stack_plan.replan_after) > 1 else "is"
        summary = f"planned once {join_names(stack_plan.replan_after)} {verb} applied"
    elif stack_plan.basis is Basis.CONFIGURATION:
        summary += " (first deployment)"
    elif stack_plan.replan_after:
        summary += f"; planned again after {join_names(stack_plan.replan_after)}, whose outputs it reads"
    elif not stack_plan.changes and stack_plan.applyable:
        summary = "only outputs change"
    if collapsed:
        summary += f": {count_types(stack_plan.changes)}"
    yield Text.assemble((f"{stack_plan.stack:<{width}}", "bold"), f"  {summary}")
    if not collapsed:
        for change in stack_plan.changes:
            yield from change_lines(change)


def change_lines(change: Change) -> Iterator[Text]:
    """Render a resource and, below it, its changed attributes."""
    sign, style = _SIGNS[change.action]
    style = _DATA_LOSS if change.loses_data else style
    name = f"  {change.name}" if change.name else ""
    yield Text(f"  {sign} {_PAST_TENSE[change.action]:<9} {change.path}  {change.kind}{name}", style=style)
    for detail in change.details:
        note = "  (forces replacement)" if detail.forces_replacement else ""
        style = "red" if detail.forces_replacement else ""
        yield Text(f"      {detail.attribute}: {detail.before} -> {detail.after}{note}", style=style)


def count_types(changes: tuple[Change, ...]) -> str:
    """Count the changes by resource type, such as "4 aws_subnet, aws_vpc"."""
    counts = Counter(change.kind for change in changes)
    return ", ".join(kind if count == 1 else f"{count} {kind}" for kind, count in sorted(counts.items()))


def join_names(names: tuple[str, ...]) -> str:
    """Join names as in "network, queue and storage"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def cost_line(before: Mapping[str, Cost], after: Mapping[str, Cost]) -> str:
    """Render the monthly cost without usage charges, and its change.

    Args:
        before, after: Costs by stack.
    """
    old, new = sum(before.values(), Cost()), sum(after.values(), Cost())
    if (round(old.low, 2), round(old.high, 2)) == (round(new.low, 2), round(new.high, 2)):
        change = "unchanged"
    else:
        difference = Cost(new.low - old.low, new.high - old.high)
        change = f"now {_dollars(old)}, change {_signed_dollars(difference)}"
    unpriced = sorted({*new.unpriced, *old.unpriced})
    note = f"; not priced: {', '.join(unpriced)}" if unpriced else ""
    return f"Estimated monthly cost before usage: {_dollars(new)} ({change}){note}."


def _dollars(cost: Cost) -> str:
    low, high = f"{cost.low:.2f}", f"{cost.high:.2f}"
    return f"${low}" if low == high else f"${low} to ${high}"


def _signed_dollars(difference: Cost) -> str:
    low, high = f"{difference.low:+.2f}", f"{difference.high:+.2f}"
    return f"{low} dollars" if low == high else f"{low} to {high} dollars"
