"""CloudWatch metrics and metric math."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of one resource.

    Args:
        namespace: namespace, such as ``AWS/SQS``.
        name: name of the metric.
        dimensions: dimensions that identify the resource.
        statistic: ``Average``, ``Sum``, ``Minimum``, ``Maximum`` or ``SampleCount``.
        label: label in graphs and alarms.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Average"
    label: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetricMath:
    """An expression over metrics, in CloudWatch metric math.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

    Args:
        expression: expression, such as ``100 * errors / requests``.
        metrics: the metrics by their lower-case id in the expression.
        label: label of the result in graphs and alarms.
    """

    expression: str
    metrics: Mapping[str, Metric]
    label: str


RESULT = "result"
"""Id of an expression's result among its metrics."""
