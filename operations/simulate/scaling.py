"""What CloudWatch and Auto Scaling make of a policy: how many instances it asks for, minute by minute.

docs/capacity.md says which of it AWS documents and which is assumed.
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
"""Periods until an alarm sees a point. Assumed: AWS promises nothing."""

WAITING, INSTANCES = "ApproximateNumberOfMessagesVisible", "GroupInServiceInstances"
"""The metrics there are."""

Point = Mapping[str, Value]
"""The metrics of one minute, by name; None where there is none."""

_HIGH_POINTS, _LOW_POINTS, _LOW_SHARE = 3, 15, 0.9
"""The alarms that target tracking makes: three points above the target, fifteen below nine tenths of it. AWS does not
document them; they stand in the console, and people who measured it tell the same:
https://repost.aws/questions/QUVoLPVCU5QamquwCMrFMOzw/aws-ecs-uses-fargate-service-auto-scaling-which-is-not-working-properly"""

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class ScalingGroup:
    """A group at one moment.

    Args:
        desired: how many instances it is to have.
        ages: of each in service, how many seconds ago it came into service.
        launching: how many are not in service yet.
        leaving: how many finish their last jobs.
    """

    desired: int
    ages: tuple[float, ...]
    launching: int
    leaving: int

    def warm(self, warmup: float) -> int:
        """How many have been in service for their warm-up."""
        return sum(age >= warmup for age in self.ages)


class Policy(Protocol):
    """A scaling policy with its alarms."""

    def asks(self, points: Sequence[Point], group: ScalingGroup) -> int | None:
        """How many instances it asks for now; None where no alarm of its is on.

        Args:
            points: what CloudWatch has, the newest last.
            group: as it is.
        """


@dataclass(frozen=True, kw_only=True)
class TargetTracking:
    """A target tracking policy.

    The number of instances is taken to be inversely proportional to the metric, and rounded up: a group is rather too
    large than too small. https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html

    Going up, only instances past their warm-up are counted, so that an alarm that lasts launches no more for the same
    need. Going down waits until none is warming up, and instances on their way out still count.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html

    Args:
        expression: metric math, or the id of a metric.
        metrics: names of the metrics, by the ids the expression gives them.
        target: the value to keep it at.
        warmup: seconds from in service to counted.
    """

    expression: str
    metrics: Mapping[str, str]
    target: float
    warmup: float

    def asks(self, points: Sequence[Point], group: ScalingGroup) -> int | None:
        """How many instances it asks for now."""
        # The shorter look first: most minutes it is the only one.
        recent = self._values(points[-_HIGH_POINTS:])
        if len(recent) == _HIGH_POINTS and all(value is not None and value > self.target for value in recent):
            return max(group.desired, self._proportional(group.warm(self.warmup), recent[-1]))
        low = self.target * _LOW_SHARE
        if group.launching or group.warm(self.warmup) < len(group.ages) or not _is_below(recent, low):
            return None
        values = self._values(points[-_LOW_POINTS:])
        if len(values) == _LOW_POINTS and _is_below(values, low):
            return min(group.desired, self._proportional(len(group.ages) + group.leaving, values[-1]))
        return None

    def _values(self, points: Sequence[Point]) -> list[Value]:
        return [_value(self.expression, self.metrics, point) for point in points]

    def _proportional(self, instances: int, value: Value) -> int:
        return math.ceil(instances * (value or 0) / self.target - _ROUNDING)


@dataclass(frozen=True, kw_only=True)
class StepUp:
    """A step policy that adds instances while its alarm is on.

    While it warms up, what it added counts as added and is not added again.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html

    Args:
        expression, metrics: as in ``TargetTracking``.
        threshold: the alarm is on above it.
        periods: for so many points.
        adds: instances.
        warmup: seconds from in service to counted.
    """

    expression: str
    metrics: Mapping[str, str]
    threshold: float
    periods: int
    adds: int
    warmup: float

    def asks(self, points: Sequence[Point], group: ScalingGroup) -> int | None:
        """How many instances it asks for now."""
        values = [_value(self.expression, self.metrics, point) for point in points[-self.periods :]]
        if len(values) < self.periods or not all(value is not None and value > self.threshold for value in values):
            return None
        return max(group.desired, group.warm(self.warmup) + self.adds)


def _value(expression: str, metrics: Mapping[str, str], point: Point) -> Value:
    return _evaluated(expression, tuple((id, point[name]) for id, name in metrics.items()))


@functools.lru_cache(maxsize=4096)
def _evaluated(expression: str, values: tuple[tuple[str, Value], ...]) -> Value:
    # Each point is looked at for a quarter of an hour, and most are like the one before.
    return evaluate(expression, **dict(values))


def _is_below(values: Sequence[Value], limit: float) -> bool:
    return all(value is not None and value < limit for value in values)
