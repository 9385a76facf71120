"""What a queue's workers say when they are too busy, or not there."""

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
"""How long target tracking takes to see a metric and act: three points of a minute each, and some delay."""


class QueueWorkersMonitoring(Monitoring):
    """Alarms ``asg-high-cpu``, ``asg-low-capacity`` and ``asg-launches-failing``, each after ``<name>-``.

    Args:
        workers: what is watched.
        name: prefix of the alarms' names; by default it follows from the construct's path.
        on_alarm: who is told.
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
        busy = alarm_on_cpu(
            self, workers, threshold=_BUSY_PERCENT, action="Harmless while the queue is short; else raise the maximum"
        )
        if workers.capacity.minimum:
            self._alarm_below_minimum(workers)
        else:
            self._alarm_on_nobody_at_work(workers)
        alarm_on_failed_launches(self, workers)

        serving = group_metric(workers, "GroupInServiceInstances", "Average", "in service")
        desired = group_metric(workers, "GroupDesiredCapacity", "Average", "desired")
        self.add_graph(Graph(title="Workers (instances)", left=[serving, desired]))
        self.add_graph(Graph(title="Workers' CPU (%)", left=[cpu_metric(workers)], limits=[busy]))

    def _alarm_below_minimum(self, workers: QueueWorkers) -> None:
        fewest = workers.capacity.minimum
        self.add_alarm(
            "asg-low-capacity",
            meaning=f"Fewer instances of {workers.node.id} are in service than the {fewest} there must always be",
            action="Read the group's activity history: launches fail, or instances die",
            metric=group_metric(workers, "GroupInServiceInstances", "Average", "in service"),
            comparison="<",
            threshold=fewest,
            period=_MINUTE,
            periods=2,
            # A group that must have instances publishes how many it has: silence is the alarm.
            missing="breaching",
        )

    def _alarm_on_nobody_at_work(self, workers: QueueWorkers) -> None:
        """An empty group is all right while nothing waits, and for as long as its first instance takes to come."""
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
                label="instances for what waits",
            ),
            comparison="<",
            threshold=1,
            period=_MINUTE,
            periods=math.ceil((workers.startup_timeout + _SCALING) / _MINUTE),
            # Neither queue nor group is measured: nobody has used them for hours.
            missing="notBreaching",
        )
