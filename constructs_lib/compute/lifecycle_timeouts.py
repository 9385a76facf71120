"""How long lifecycle hooks wait. Needs no framework."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib.foundation.durations import check_within, round_up

SHORTEST_HOOK = timedelta(seconds=30)
LONGEST_HOOK = timedelta(hours=2)
"""How long a lifecycle hook waits between two heartbeats.
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html"""
_SHORTEST_STARTUP = timedelta(seconds=30)


def launch_timeout(startup_timeout: timedelta) -> timedelta:
    """Twice the usual boot, within what a lifecycle hook can wait.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html
    """
    return min(max(round_up(2 * startup_timeout, timedelta(seconds=1)), SHORTEST_HOOK), LONGEST_HOOK)


def check_startup_timeout(path: str, startup_timeout: timedelta) -> None:
    """Refuse a boot time whose double a lifecycle hook cannot wait for.

    Raises:
        ConstructError: for less than half a minute or more than an hour.
    """
    check_within(
        path,
        "startup_timeout",
        startup_timeout,
        _SHORTEST_STARTUP,
        LONGEST_HOOK / 2,
        fix="use at most half of what a lifecycle hook can wait",
    )
