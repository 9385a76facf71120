"""The plan as people read it. What loses data is red."""

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
_DONE = {
    Action.CREATE: "created",
    Action.CHANGE: "changed",
    Action.REPLACE: "replaced",
    Action.DESTROY: "destroyed",
    Action.FORGET: "forgotten",
}
_LOSS = "bold red"


def plan_lines(plan: Plan) -> Iterator[Text]:
    """The plan, stack by stack in the order it is applied, and its sum."""
    width = max((len(stack.stack) for stack in plan.stacks), default=0)
    for stack in plan.stacks:
        yield from _stack(stack, width)
    yield Text(f"In all: {counted(plan.changes)}.", style="bold")
    for change in plan.losses:
        yield Text(f"What {change.described} holds is lost: it is {_DONE[change.action]}.", style=_LOSS)


def counted(changes: list[Change]) -> str:
    """Such as "3 created, 1 changed"."""
    counts = Counter(change.action for change in changes)
    return ", ".join(f"{counts[action]} {_DONE[action]}" for action in Action if counts[action]) or "nothing changes"


def _stack(stack: StackPlan, width: int) -> Iterator[Text]:
    said = counted(list(stack.changes))
    # A stack that is made whole is read by its kinds.
    collapsed = len(stack.changes) > 3 and all(change.action is Action.CREATE for change in stack.changes)
    if stack.basis is Basis.LATER:
        said = (
            f"planned once {listed(stack.follows)} are applied"
            if len(stack.follows) > 1
            else (f"planned once {stack.follows[0]} is applied")
        )
    elif stack.basis is Basis.CONFIGURATION:
        said += ", for it was never applied"
    elif stack.follows:
        said += f"; planned again after {listed(stack.follows)}, whose outputs it reads"
    elif not stack.changes and stack.applies:
        said = "only outputs change"
    if collapsed:
        said += f": {kinds(stack.changes)}"
    yield Text.assemble((f"{stack.stack:<{width}}", "bold"), f"  {said}")
    if not collapsed:
        for change in stack.changes:
            yield from change_lines(change)


def change_lines(change: Change) -> Iterator[Text]:
    """A resource, and under it the attributes that change."""
    sign, style = _SIGNS[change.action]
    style = _LOSS if change.loses_data else style
    name = f"  {change.name}" if change.name else ""
    yield Text(f"  {sign} {_DONE[change.action]:<9} {change.path}  {change.kind}{name}", style=style)
    for detail in change.details:
        forces = "  (cannot be changed, so it is replaced)" if detail.forces else ""
        yield Text(
            f"      {detail.attribute}: {detail.before} -> {detail.after}{forces}", style="red" if forces else ""
        )


def kinds(changes: tuple[Change, ...]) -> str:
    """The types and how many of each, such as "4 aws_subnet, aws_vpc"."""
    counts = Counter(change.kind for change in changes)
    return ", ".join(kind if count == 1 else f"{count} {kind}" for kind, count in sorted(counts.items()))


def listed(names: tuple[str, ...]) -> str:
    """Such as "network, queue and storage"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def cost_line(before: Mapping[str, Cost], after: Mapping[str, Cost]) -> str:
    """What a month costs before any use, as it stands and once the plan is applied.

    Args:
        before, after: by stack.
    """
    old, new = sum(before.values(), Cost()), sum(after.values(), Cost())
    if (round(old.low, 2), round(old.high, 2)) == (round(new.low, 2), round(new.high, 2)):
        line = f"A month before any use costs {_dollars(new)}, as it does now"
    else:
        rise = Cost(new.low - old.low, new.high - old.high)
        line = f"A month before any use costs {_dollars(new)}; now it is {_dollars(old)}, so {_difference(rise)}"
    missing = sorted({*new.unpriced, *old.unpriced})
    return f"{line} (an estimate){'; not counted: ' + ', '.join(missing) if missing else ''}."


def _dollars(cost: Cost) -> str:
    low, high = f"{cost.low:.2f}", f"{cost.high:.2f}"
    return f"${low}" if low == high else f"${low} to ${high}"


def _difference(rise: Cost) -> str:
    low, high = f"{rise.low:+.2f}", f"{rise.high:+.2f}"
    return f"{low} dollars" if low == high else f"{low} to {high} dollars"
