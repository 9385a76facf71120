"""What every group of instances says: too busy, or launches that come to nothing."""

from __future__ import annotations

import math
from datetime import timedelta

from constructs_lib.compute.instance_group import InstanceGroup
from constructs_lib.monitoring.alarm import Alarm
from constructs_lib.monitoring.metric import Metric, MetricMath
from constructs_lib.monitoring.monitoring import Monitoring

_WINDOW = timedelta(minutes=5)


def group_metric(fleet: InstanceGroup, name: str, statistic: str, label: str) -> Metric:
    """A metric that the Auto Scaling group publishes of itself."""
    return Metric(
        namespace="AWS/AutoScaling",
        name=name,
        dimensions={"AutoScalingGroupName": fleet.group_name},
        statistic=statistic,
        label=label,
    )


def cpu_metric(fleet: InstanceGroup) -> Metric:
    """The average CPU of the group's instances."""
    return Metric(
        namespace="AWS/EC2",
        name="CPUUtilization",
        dimensions={"AutoScalingGroupName": fleet.group_name},
        label="CPU (%)",
    )


def alarm_on_cpu(monitoring: Monitoring, fleet: InstanceGroup, *, threshold: float, action: str) -> Alarm:
    """``asg-high-cpu``: the group stays busier than its scaling should leave it."""
    return monitoring.add_alarm(
        "asg-high-cpu",
        meaning=f"The CPU of {fleet.node.id} stays above {threshold:g} %: the group may be at its maximum",
        action=action,
        metric=cpu_metric(fleet),
        comparison=">",
        threshold=threshold,
        periods=2,
        # A group without instances has no CPU; that it lacks instances is another alarm's.
        missing="notBreaching",
    )


def alarm_on_failed_launches(monitoring: Monitoring, fleet: InstanceGroup) -> Alarm:
    """``asg-launches-failing``: the group wants instances and does not get them into service.

    Auto Scaling publishes no metric of failed launches. Fewer in service than desired, for longer than twice the time
    an instance takes to boot, is what failed launches and instances that die while booting have in common.
    """
    short = MetricMath(
        expression="desired - serving",
        metrics={
            # The least wanted and the most had of each five minutes: a group that merely grows is not short.
            "desired": group_metric(fleet, "GroupDesiredCapacity", "Minimum", "desired"),
            "serving": group_metric(fleet, "GroupInServiceInstances", "Maximum", "in service"),
        },
        label="missing instances",
    )
    return monitoring.add_alarm(
        "asg-launches-failing",
        meaning=f"The group of {fleet.node.id} lacks instances for longer than two boots take",
        action="Read the group's activity history; then the console output of an instance it ended",
        metric=short,
        comparison=">",
        threshold=0,
        period=_WINDOW,
        periods=max(3, math.ceil(2 * fleet.startup_timeout / _WINDOW) + 1),
        # A group publishes as long as its metrics are on; a gap says nothing.
        missing="notBreaching",
    )
