"""What CloudWatch measures: one metric, or arithmetic on several."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of one resource.

    Args:
        namespace: such as ``AWS/SQS``.
        name: name of the metric.
        dimensions: which resource it is about.
        statistic: ``Average``, ``Sum``, ``Minimum``, ``Maximum`` or ``SampleCount``.
        label: what people call it.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Average"
    label: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetricMath:
    """Arithmetic on metrics, in CloudWatch's own words.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

    Args:
        expression: such as ``100 * errors / requests``.
        metrics: the metrics by the names the expression gives them, lower case.
        label: what people call the result.
    """

    expression: str
    metrics: Mapping[str, Metric]
    label: str


RESULT = "result"
"""What the value of an expression is called among its metrics."""
