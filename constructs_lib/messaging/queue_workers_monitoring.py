"""Alarms and graphs of a queue's workers."""

from __future__ import annotations

import math
from datetime import timedelta

from constructs_lib.compute.instance_group_monitoring import (
    alarm_on_cpu,
    alarm_on_failed_launches,
    cpu_metric,
    group_metric,
)
from constructs_lib.foundation import cdk
from constructs_lib.messaging.queue_workers import QueueWorkers
from constructs_lib.monitoring.alarm_topic import AlarmTopic
from constructs_lib.monitoring.metric import Metric, MetricMath
from constructs_lib.monitoring.monitoring import Graph, Monitoring

_MINUTE = timedelta(minutes=1)
_BUSY_PERCENT = 85
_SCALING = timedelta(minutes=5)
"""Time until target tracking acts on a metric: three data points of a minute, and some delay."""


class QueueWorkersMonitoring(Monitoring):
    """Alarms ``asg-high-cpu``, ``asg-low-capacity`` and ``asg-launches-failing``, each after ``<name>-``.

    Args:
        workers: the workers.
        name: prefix of the alarms' names; by default derived from the construct's path.
        on_alarm: topic to notify; by default none.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        workers: QueueWorkers,
        name: str | None = None,
        on_alarm: AlarmTopic | None = None,
    ) -> None:
        super().__init__(scope, id, name=name, on_alarm=on_alarm)
        cpu_alarm = alarm_on_cpu(
            self,
            workers,
            threshold=_BUSY_PERCENT,
            action="Harmless while the queue is short; otherwise raise the maximum",
        )
        if workers.capacity.minimum:
            self._alarm_below_minimum(workers)
        else:
            self._alarm_on_missing_workers(workers)
        alarm_on_failed_launches(self, workers)

        in_service = group_metric(workers, "GroupInServiceInstances", "Average", "in service")
        desired = group_metric(workers, "GroupDesiredCapacity", "Average", "desired")
        self.add_graph(Graph(title="Workers (instances)", left=[in_service, desired]))
        self.add_graph(Graph(title="Workers' CPU (%)", left=[cpu_metric(workers)], limits=[cpu_alarm]))

    def _alarm_below_minimum(self, workers: QueueWorkers) -> None:
        minimum = workers.capacity.minimum
        self.add_alarm(
            "asg-low-capacity",
            meaning=f"Fewer instances of {workers.node.id} are in service than the minimum of {minimum}",
            action="Read the group's activity history: launches fail, or instances terminate",
            metric=group_metric(workers, "GroupInServiceInstances", "Average", "in service"),
            comparison="<",
            threshold=minimum,
            period=_MINUTE,
            periods=2,
            # A group with a minimum always publishes its size: missing data is a fault.
            missing="breaching",
        )

    def _alarm_on_missing_workers(self, workers: QueueWorkers) -> None:
        """Tolerate an empty group while nothing waits, and until its first instance has started."""
        waiting = Metric(
            namespace="AWS/SQS",
            name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": workers.queue.name},
            statistic="Minimum",
            label="waiting",
        )
        self.add_alarm(
            "asg-low-capacity",
            meaning=f"Messages wait and no instance of {workers.node.id} is in service",
            action="Read the group's scaling activities: it does not scale from zero, or launches fail",
            metric=MetricMath(
                expression="IF(FILL(waiting, 0) > 0, FILL(serving, 0), 1)",
                metrics={
                    "waiting": waiting,
                    "serving": group_metric(workers, "GroupInServiceInstances", "Maximum", "in service"),
                },
                label="instances for waiting messages",
            ),
            comparison="<",
            threshold=1,
            period=_MINUTE,
            periods=math.ceil((workers.startup_timeout + _SCALING) / _MINUTE),
            # Neither the queue nor the group publishes data: both are unused for hours.
            missing="notBreaching",
        )
