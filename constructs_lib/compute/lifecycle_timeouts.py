"""Timeouts of lifecycle hooks. Imports no framework, so that sizing works without it."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib.foundation.durations import check_within, round_up

DEFAULT_STARTUP_TIMEOUT = timedelta(minutes=5)

SHORTEST_HOOK = timedelta(seconds=30)
LONGEST_HOOK = timedelta(hours=2)
"""Limits of a lifecycle hook's heartbeat timeout.
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html"""
_SHORTEST_STARTUP = timedelta(seconds=30)


def launch_timeout(startup_timeout: timedelta) -> timedelta:
    """Return twice the startup timeout, within the limits of a lifecycle hook."""
    return min(max(round_up(2 * startup_timeout, timedelta(seconds=1)), SHORTEST_HOOK), LONGEST_HOOK)


def check_startup_timeout(path: str, startup_timeout: timedelta) -> None:
    """Check that a lifecycle hook can wait twice as long.

    Raises:
        ConstructError: it is less than 30 seconds or more than an hour.
    """
    check_within(
        path,
        "startup_timeout",
        startup_timeout,
        _SHORTEST_STARTUP,
        LONGEST_HOOK / 2,
        fix="use at most half of what a lifecycle hook can wait",
    )
