"""Durations: rounding, formatting and range checks."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib.foundation.errors import ConstructError


def round_up(duration: timedelta, unit: timedelta) -> timedelta:
    """Round up to a whole number of units."""
    return -(-duration // unit) * unit


def in_seconds(duration: timedelta) -> str:
    """Format a duration, such as "90 s"."""
    return f"{duration.total_seconds():.10g} s"


def check_within(path: str, option: str, value: timedelta, low: timedelta, high: timedelta, *, fix: str) -> None:
    """Raise ConstructError for a duration outside ``low`` to ``high``, both included."""
    if not low <= value <= high:
        allowed = (
            f"between {in_seconds(low)} and {in_seconds(high)}"
            if low <= high
            else f"at least {in_seconds(low)} and at most {in_seconds(high)}, which no value satisfies"
        )
        raise ConstructError(path, option=option, value=in_seconds(value), allowed=allowed, fix=fix)
