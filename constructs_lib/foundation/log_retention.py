"""How long CloudWatch Logs keeps things."""

from __future__ import annotations

from constructs_lib.foundation.errors import Checks

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""How long CloudWatch Logs can keep a group's events, in days.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


def check_retention(checks: Checks, option: str, days: int) -> None:
    """Refuse a number of days that CloudWatch Logs does not know."""
    if days not in RETENTION_DAYS:
        allowed = f"one of {', '.join(map(str, RETENTION_DAYS))}"
        raise checks.error(option, days, allowed=allowed, fix="choose a retention that CloudWatch Logs supports")
