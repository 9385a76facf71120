"""Targets of a benchmark, and their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TargetResult:
    """A target and its measurement.

    Args:
        description: the target, in words.
        measured: the measured value, in words.
        met: whether the target is met.
    """

    description: str
    measured: str
    met: bool


def render_table(targets: Sequence[TargetResult]) -> str:
    """Render targets as Markdown."""
    rows = [f"| {target.description} | {target.measured} | {'yes' if target.met else 'no'} |" for target in targets]
    return "\n".join(["| Target | Measured | Met |", "| --- | --- | --- |", *rows])
