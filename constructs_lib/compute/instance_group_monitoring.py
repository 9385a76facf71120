"""Metrics and alarms of an instance group."""

from __future__ import annotations

import math
from datetime import timedelta

from constructs_lib.compute.instance_group import InstanceGroup
from constructs_lib.monitoring.alarm import Alarm
from constructs_lib.monitoring.metric import Metric, MetricMath
from constructs_lib.monitoring.monitoring import Monitoring

_WINDOW = timedelta(minutes=5)


def group_metric(group: InstanceGroup, name: str, statistic: str, label: str) -> Metric:
    """Return a metric that the Auto Scaling group publishes."""
    return Metric(
        namespace="AWS/AutoScaling",
        name=name,
        dimensions={"AutoScalingGroupName": group.group_name},
        statistic=statistic,
        label=label,
    )


def cpu_metric(group: InstanceGroup) -> Metric:
    """Return the average CPU of the group's instances."""
    return Metric(
        namespace="AWS/EC2",
        name="CPUUtilization",
        dimensions={"AutoScalingGroupName": group.group_name},
        label="CPU (%)",
    )


def alarm_on_cpu(monitoring: Monitoring, group: InstanceGroup, *, threshold: float, action: str) -> Alarm:
    """Add ``asg-high-cpu``: the CPU stays above what scaling should allow."""
    return monitoring.add_alarm(
        "asg-high-cpu",
        meaning=f"The CPU of {group.node.id} stays above {threshold:g} %: the group may be at its maximum",
        action=action,
        metric=cpu_metric(group),
        comparison=">",
        threshold=threshold,
        periods=2,
        # A group without instances has no CPU; another alarm covers missing instances.
        missing="notBreaching",
    )


def alarm_on_failed_launches(monitoring: Monitoring, group: InstanceGroup) -> Alarm:
    """Add ``asg-launches-failing``: desired instances do not get into service.

    Auto Scaling publishes no metric of failed launches. This alarm compares in-service with desired instances for more
    than twice the startup timeout, which covers failed launches and failed boots.
    """
    missing_instances = MetricMath(
        expression="desired - serving",
        metrics={
            # Minimum of desired and maximum of in service per five minutes, so that growing does not raise the alarm.
            "desired": group_metric(group, "GroupDesiredCapacity", "Minimum", "desired"),
            "serving": group_metric(group, "GroupInServiceInstances", "Maximum", "in service"),
        },
        label="missing instances",
    )
    return monitoring.add_alarm(
        "asg-launches-failing",
        meaning=f"{group.node.id} has fewer instances in service than desired, for longer than two startups take",
        action="Read the group's activity history, then the console output of a terminated instance",
        metric=missing_instances,
        comparison=">",
        threshold=0,
        period=_WINDOW,
        periods=max(3, math.ceil(2 * group.startup_timeout / _WINDOW) + 1),
        # A group publishes while its metrics are enabled; a gap means nothing.
        missing="notBreaching",
    )
