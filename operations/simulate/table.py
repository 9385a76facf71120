"""Format a comparison as text and a table."""

from __future__ import annotations

from rich import box
from rich.table import Table

from operations.simulate.comparison import Comparison, StrategyResult
from operations.simulate.deployed import DeployedWorkers

_COLUMNS = ("p50", "p95", "max", "late", "queue", "instances", "hours", "$")


def summary(comparison: Comparison) -> str:
    """Summarize the load and the assumptions in one line."""
    curve, assumptions = comparison.curve, comparison.assumptions
    count = len(comparison.strategies[0].outcome.waits)
    jobs = f"{assumptions.mean_job_seconds:.1f} s"
    if len(set(assumptions.job_seconds)) > 1:
        jobs = f"{min(assumptions.job_seconds):g} to {max(assumptions.job_seconds):g} s, {jobs} on average"
    return (
        f"{curve.title}: {count:,} uploads in {duration(curve.seconds)}, up to {curve.peak:g} per minute. "
        f"A job takes {jobs}, a boot {assumptions.boot_seconds:.1f} s."
    )


def legend(workers: DeployedWorkers) -> str:
    """Describe the workers and the columns of the table in a few lines."""
    group = f"{workers.minimum} to {workers.maximum} {workers.instance_type}"
    price = f"${workers.price.hour:.3f} per hour"
    if workers.price.baseline_vcpus is not None:
        price += f", plus ${workers.price.surplus_vcpu_hour:.2f} per vCPU hour above the baseline"
    return (
        f"Workers of {workers.environment}: {group} at {price}.\n"
        "p50, p95, max: median, 95th percentile and maximum of the waiting times.\n"
        f"late: share of videos that wait more than {duration(workers.acceptable_wait)}.\n"
        "queue, instances: maximum queue length and number of instances.\n"
        "hours, $: instance hours and their cost."
    )


def table(comparison: Comparison) -> Table:
    """Create a table with a row per strategy, in Markdown."""
    drawn = Table(box=box.MARKDOWN)
    drawn.add_column("", no_wrap=True)
    for column in _COLUMNS:
        drawn.add_column(column, justify="right", no_wrap=True)
    for strategy in comparison.strategies:
        drawn.add_row(strategy.name, *_cells(strategy, comparison.workers.acceptable_wait))
    return drawn


def _cells(strategy: StrategyResult, acceptable: float) -> list[str]:
    outcome = strategy.outcome
    waits = [wait for _, wait in outcome.waits]
    late = f"{sum(wait > acceptable for wait in waits) / len(waits):.1%}" if waits else "-"
    return [
        *(duration(outcome.wait(share)) for share in (0.5, 0.95, 1)),
        late,
        f"{outcome.longest_queue:,}",
        f"{outcome.most_instances}",
        f"{outcome.hours:.1f}",
        f"{strategy.dollars:.2f}",
    ]


def unfinished_notes(comparison: Comparison) -> list[str]:
    """Return a note for each strategy with waiting jobs at the end."""
    return [
        f"{each.name}: {each.outcome.waiting:,} videos still waiting at the end; their waits count until then."
        for each in comparison.strategies
        if each.outcome.waiting
    ]


def duration(seconds: float | None) -> str:
    """Format a duration."""
    if seconds is None:
        return "-"
    for length, unit in ((3600, "h"), (60, "min")):
        if seconds >= (5 if unit == "min" else 3) * length:
            amount = seconds / length
            return f"{amount:.0f} {unit}" if amount >= 9.95 else f"{amount:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"
