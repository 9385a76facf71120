"""Retention of CloudWatch log groups."""

from __future__ import annotations

from constructs_lib.foundation.errors import Checks

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Retentions that CloudWatch Logs supports, in days.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


def check_retention(checks: Checks, option: str, days: int) -> None:
    """Raise an error for a retention that CloudWatch Logs does not support."""
    if days not in RETENTION_DAYS:
        allowed = f"one of {', '.join(map(str, RETENTION_DAYS))}"
        raise checks.error(option, days, allowed=allowed, fix="choose a retention that CloudWatch Logs supports")
