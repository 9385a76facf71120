"""Base class of the monitorings: alarms by name, and graphs for a dashboard."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.monitoring.alarm import DEFAULT_MISSING, DEFAULT_PERIOD, DEFAULT_PERIODS, Alarm, Comparison, Missing
from constructs_lib.monitoring.alarm_topic import AlarmTopic
from constructs_lib.monitoring.metric import Metric, MetricMath


@dataclasses.dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph of a dashboard.

    Args:
        title: title, with the unit.
        left: metrics on the left axis.
        right: metrics on the right axis.
        limits: alarms whose thresholds are drawn on the left axis.
        period: length of a data point. Default: 5 minutes.
        region: region of the metrics; by default the stack's. Billing metrics are in ``us-east-1``.
    """

    title: str
    left: Sequence[Metric | MetricMath]
    right: Sequence[Metric | MetricMath] = ()
    limits: Sequence[Alarm] = ()
    period: timedelta = DEFAULT_PERIOD
    region: str | None = None


class Monitoring(cdk.Construct):
    """Alarms and graphs of one construct, in any stack; it refers to that construct, never the other way.

    Several constructs have one: ``QueueMonitoring``, ``QueueWorkersMonitoring``, ``WebServiceMonitoring``,
    ``DatabaseMonitoring``. For anything else, add to this class:

        monitoring = Monitoring(self, "cache-watch", on_alarm=topic)
        monitoring.add_alarm("evictions", meaning="...", action="...", metric=evictions, comparison=">", threshold=0)

    Args:
        name: prefix of the alarms' names, ``<name>-<id>``; by default derived from the construct's path.
        on_alarm: topic to notify; by default none.
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
        period: timedelta = DEFAULT_PERIOD,
        periods: int = DEFAULT_PERIODS,
        missing: Missing = DEFAULT_MISSING,
    ) -> Alarm:
        """Add an alarm named ``<name>-<id>``, with the arguments of ``Alarm``."""
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
        """Append a graph to the row."""
        self.graphs.append(graph)
