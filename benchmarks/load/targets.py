"""Goals, and how they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What is wanted, and what was found.

    Args:
        wanted: in words.
        found: in words.
        met: whether the one is the other.
    """

    wanted: str
    found: str
    met: bool


def table(goals: Sequence[Goal]) -> str:
    """The goals as Markdown."""
    rows = [f"| {goal.wanted} | {goal.found} | {'yes' if goal.met else 'no'} |" for goal in goals]
    return "\n".join(["| Goal | Measured | Met |", "| --- | --- | --- |", *rows])
