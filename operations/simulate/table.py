"""A comparison as words and a table."""

from __future__ import annotations

from rich import box
from rich.table import Table

from operations.simulate.comparison import Comparison, Contender
from operations.simulate.deployed import DeployedWorkers

_COLUMNS = ("half", "95 %", "longest", "late", "queue", "most", "hours", "$")


def words(comparison: Comparison) -> str:
    """What the load is, in a line."""
    curve, assumed = comparison.curve, comparison.assumed
    count = len(comparison.contenders[0].outcome.waits)
    jobs = f"{assumed.usual_job:.1f} s"
    if len(set(assumed.job_seconds)) > 1:
        jobs = f"{min(assumed.job_seconds):g} to {max(assumed.job_seconds):g} s, {jobs} on average"
    return (
        f"{curve.title}: {count:,} uploads in {duration(curve.seconds)}, up to {curve.highest:g} a minute. "
        f"A job takes {jobs}, a boot {assumed.boot_seconds:.1f} s."
    )


def legend(workers: DeployedWorkers) -> str:
    """Who works, and what the columns of the table are, in a few lines."""
    who = f"{workers.minimum} to {workers.maximum} {workers.instance_type}"
    price = f"${workers.price.hour:.3f} an hour"
    if workers.price.baseline_vcpus is not None:
        price += f", and ${workers.price.surplus_vcpu_hour:.2f} for an hour of a processor beyond its baseline"
    return (
        f"The workers of {workers.environment}: {who} at {price}.\n"
        "half, 95 %, longest: how long half of the videos, 95 % and all wait at most.\n"
        f"late: who waits more than {duration(workers.acceptable_wait)}. queue, most: the longest queue, the most "
        "instances.\nhours, $: what the instances are paid for, and how much."
    )


def table(comparison: Comparison) -> Table:
    """A row for each way to scale. It is Markdown too."""
    drawn = Table(box=box.MARKDOWN)
    drawn.add_column("", no_wrap=True)
    for column in _COLUMNS:
        drawn.add_column(column, justify="right", no_wrap=True)
    for contender in comparison.contenders:
        drawn.add_row(contender.name, *_cells(contender, comparison.workers.acceptable_wait))
    return drawn


def _cells(contender: Contender, acceptable: float) -> list[str]:
    outcome = contender.outcome
    waits = [wait for _, wait in outcome.waits]
    late = f"{sum(wait > acceptable for wait in waits) / len(waits):.1%}" if waits else "-"
    return [
        *(duration(outcome.wait(share)) for share in (0.5, 0.95, 1)),
        late,
        f"{outcome.longest_queue:,}",
        f"{outcome.most_instances}",
        f"{outcome.hours:.1f}",
        f"{contender.dollars:.2f}",
    ]


def unfinished(comparison: Comparison) -> list[str]:
    """Who has not begun everything when the load ends."""
    return [
        f"{each.name}: {each.outcome.waiting:,} still wait when it ends; their waits count until then."
        for each in comparison.contenders
        if each.outcome.waiting
    ]


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return "-"
    for length, unit in ((3600, "h"), (60, "min")):
        if seconds >= (5 if unit == "min" else 3) * length:
            amount = seconds / length
            return f"{amount:.0f} {unit}" if amount >= 9.95 else f"{amount:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"
