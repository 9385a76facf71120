"""Scaling policies as CloudWatch and Auto Scaling evaluate them, minute by minute.

docs/capacity.md lists what AWS documents and what is assumed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from constructs_lib.testing.cloudwatch import Value, evaluate

PERIOD = 60.0
"""Seconds between two points of SQS's and Auto Scaling's metrics.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html"""

PUBLISHED_AFTER = 1
"""Periods until an alarm sees a data point. Assumed: AWS documents no delay."""

WAITING, INSTANCES = "ApproximateNumberOfMessagesVisible", "GroupInServiceInstances"
"""Names of the simulated metrics."""

Point = Mapping[str, Value]
"""Metrics of one minute by name; None for missing data."""

_HIGH_POINTS, _LOW_POINTS, _LOW_SHARE = 3, 15, 0.9
"""Alarms of target tracking: three points above the target, fifteen below 90 % of it. Not documented, but visible in
the console and confirmed by measurements:
https://repost.aws/questions/QUVoLPVCU5QamquwCMrFMOzw/aws-ecs-uses-fargate-service-auto-scaling-which-is-not-working-properly"""

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class ScalingGroup:
    """State of a group at one moment.

    Args:
        desired: Desired capacity.
        ages: Seconds in service of each instance in service.
        launching: Number of launching instances.
        draining: Number of draining instances.
    """

    desired: int
    ages: tuple[float, ...]
    launching: int
    draining: int

    def warm(self, warmup: float) -> int:
        """Return the number of instances past their warm-up."""
        return sum(age >= warmup for age in self.ages)


class Policy(Protocol):
    """A scaling policy with its alarms."""

    def desired_capacity(self, points: Sequence[Point], group: ScalingGroup) -> int | None:
        """Return the capacity that the policy requests; None if no alarm of it is active.

        Args:
            points: Published data points, the newest last.
            group: State of the group.
        """


@dataclass(frozen=True, kw_only=True)
class TargetTracking:
    """A target tracking policy.

    The metric is assumed to be inversely proportional to the number of instances; the capacity is rounded up.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html

    Scaling out counts only instances past their warm-up, so a lasting alarm launches no more for the same demand.
    Scaling in waits until no instance is warming up; draining instances still count.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html

    Args:
        expression: Metric math expression, or the ID of a metric.
        metrics: Metric names by their IDs in the expression.
        target: Target value.
        warmup: Warm-up in seconds after an instance is in service.
    """

    expression: str
    metrics: Mapping[str, str]
    target: float
    warmup: float

    def desired_capacity(self, points: Sequence[Point], group: ScalingGroup) -> int | None:
        """Return the capacity that the policy requests; None if no alarm of it is active."""
        # Check the short window first; usually it suffices.
        recent = self._values(points[-_HIGH_POINTS:])
        if len(recent) == _HIGH_POINTS and all(value is not None and value > self.target for value in recent):
            return max(group.desired, self._proportional(group.warm(self.warmup), recent[-1]))
        low = self.target * _LOW_SHARE
        if group.launching or group.warm(self.warmup) < len(group.ages) or not _is_below(recent, low):
            return None
        values = self._values(points[-_LOW_POINTS:])
        if len(values) == _LOW_POINTS and _is_below(values, low):
            return min(group.desired, self._proportional(len(group.ages) + group.draining, values[-1]))
        return None

    def _values(self, points: Sequence[Point]) -> list[Value]:
        return [_value(self.expression, self.metrics, point) for point in points]

    def _proportional(self, instances: int, value: Value) -> int:
        return math.ceil(instances * (value or 0) / self.target - _ROUNDING)


@dataclass(frozen=True, kw_only=True)
class StepUp:
    """A step policy that adds instances while its alarm is active.

    Added instances that are still warming up count as added and are not added again.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html

    Args:
        expression, metrics: See ``TargetTracking``.
        threshold: The alarm is active above this value.
        periods: Number of consecutive points above the threshold.
        adds: Number of instances to add.
        warmup: Warm-up in seconds after an instance is in service.
    """

    expression: str
    metrics: Mapping[str, str]
    threshold: float
    periods: int
    adds: int
    warmup: float

    def desired_capacity(self, points: Sequence[Point], group: ScalingGroup) -> int | None:
        """Return the capacity that the policy requests; None if no alarm of it is active."""
        values = [_value(self.expression, self.metrics, point) for point in points[-self.periods :]]
        if len(values) < self.periods or not all(value is not None and value > self.threshold for value in values):
            return None
        return max(group.desired, group.warm(self.warmup) + self.adds)


def _value(expression: str, metrics: Mapping[str, str], point: Point) -> Value:
    return _evaluated(expression, tuple((id, point[name]) for id, name in metrics.items()))


@functools.lru_cache(maxsize=4096)
def _evaluated(expression: str, values: tuple[tuple[str, Value], ...]) -> Value:
    # Each point is evaluated for 15 minutes, and most points repeat.
    return evaluate(expression, **dict(values))


def _is_below(values: Sequence[Value], limit: float) -> bool:
    return all(value is not None and value < limit for value in values)
