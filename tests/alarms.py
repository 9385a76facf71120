"""Metric alarms in the AWS emulator, whose state a test sets."""

from __future__ import annotations

from typing import Any


def put_alarm(cloudwatch: Any, name: str) -> None:
    """Create an alarm on a metric without data.

    Args:
        cloudwatch: boto3 client.
        name: Name of the alarm.
    """
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="test",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
