"""What the monitoring of each construct has in common: alarms by name, and graphs for a dashboard."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.monitoring.alarm import Alarm, Comparison, Missing
from constructs_lib.monitoring.alarm_topic import AlarmTopic
from constructs_lib.monitoring.metric import Metric, MetricMath

GROUP_NAMESPACE = "AWS/AutoScaling"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Graph:
    """One graph of a dashboard.

    Args:
        title: what it shows, with the unit.
        left: the metrics on the left axis.
        right: those on the right axis.
        limits: the alarms whose thresholds are drawn, on the left axis.
        period: length of one data point.
        region: where the metrics are; by default where the dashboard's stack is. Billing has its own: ``us-east-1``.
    """

    title: str
    left: Sequence[Metric | MetricMath]
    right: Sequence[Metric | MetricMath] = ()
    limits: Sequence[Alarm] = ()
    period: timedelta = timedelta(minutes=5)
    region: str | None = None


class Monitoring(cdk.Construct):
    """Alarms and graphs of one thing. Made in any stack; it refers to what it watches, never the other way.

    Each construct has its own: ``QueueMonitoring``, ``QueueWorkersMonitoring``, ``WebServiceMonitoring``,
    ``DatabaseMonitoring``. For something else, add to this one:

        monitoring = Monitoring(self, "cache-watch", on_alarm=topic)
        monitoring.add_alarm("evictions", meaning="...", action="...", metric=evictions, comparison=">", threshold=0)

    Args:
        name: prefix of the alarms' names: an alarm is called ``<name>-<what it tells>``. By default it follows from the
            construct's path.
        on_alarm: who is told.
    """

    def __init__(
        self, scope: cdk.Construct, id: str, *, name: str | None = None, on_alarm: AlarmTopic | None = None
    ) -> None:
        name = names.alarms(Checks(scope, id), name)
        super().__init__(scope, id)
        self.name = name
        self.alarms: dict[str, Alarm] = {}
        self.graphs: list[Graph] = []
        self._on_alarm = on_alarm

    def add_alarm(
        self,
        id: str,
        *,
        meaning: str,
        action: str,
        metric: Metric | MetricMath,
        comparison: Comparison,
        threshold: float,
        period: timedelta = timedelta(minutes=5),
        periods: int = 1,
        missing: Missing = "notBreaching",
    ) -> Alarm:
        """Add an alarm called ``<name>-<id>``. The arguments are those of ``Alarm``."""
        alarm = Alarm(
            self,
            id,
            name=f"{self.name}-{id}",
            meaning=meaning,
            action=action,
            metric=metric,
            comparison=comparison,
            threshold=threshold,
            period=period,
            periods=periods,
            missing=missing,
            on_alarm=self._on_alarm,
        )
        self.alarms[id] = alarm
        return alarm

    def add_graph(self, graph: Graph) -> None:
        """Add a graph to the right of the others."""
        self.graphs.append(graph)
