"""Alarms and graphs of a web service."""

from __future__ import annotations

from datetime import timedelta

from constructs_lib.compute.instance_group_monitoring import (
    alarm_on_cpu,
    alarm_on_failed_launches,
    cpu_metric,
    group_metric,
)
from constructs_lib.compute.web_metrics import ERROR_PERCENT
from constructs_lib.compute.web_service import WebService
from constructs_lib.foundation import cdk
from constructs_lib.foundation.errors import Checks
from constructs_lib.monitoring.alarm_topic import AlarmTopic
from constructs_lib.monitoring.monitoring import Graph, Monitoring

_MINUTE = timedelta(minutes=1)
_BUSY_PERCENT = 80


class WebServiceMonitoring(Monitoring):
    """Alarms on the service and its load balancer, each after ``<name>-``.

    ``unhealthy-hosts``, ``high-response-time``, ``server-errors``, ``asg-high-cpu``, ``asg-launches-failing``.

    Args:
        service: the service.
        name: prefix of the alarms' names; by default derived from the construct's path.
        slow: maximum average response time, exceeded for ten minutes. Default: 0.5 seconds.
        on_alarm: topic to notify; by default none.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        service: WebService,
        slow: timedelta = timedelta(milliseconds=500),
        name: str | None = None,
        on_alarm: AlarmTopic | None = None,
    ) -> None:
        Checks(scope, id).between("slow", slow.total_seconds(), 0.001, 3600, fix="use 0.5 s, the usual choice")
        super().__init__(scope, id, name=name, on_alarm=on_alarm)
        metrics = service.metrics
        unhealthy, response_time = metrics.unhealthy_hosts, metrics.response_time
        self.add_alarm(
            "unhealthy-hosts",
            meaning=f"An instance of {service.node.id} does not answer its health check, or none is registered",
            action="Read the instance's log; the group replaces it, so find the cause if it happens again",
            metric=unhealthy,
            comparison=">=",
            threshold=1,
            period=_MINUTE,
            periods=2,
            # Only registered targets are counted: missing data means that none is registered.
            missing="breaching" if service.capacity.minimum else "notBreaching",
        )
        latency_alarm = self.add_alarm(
            "high-response-time",
            meaning=f"{service.node.id} takes more than {slow.total_seconds():g} s to answer, on average",
            action="Check whether its CPU or the database's is busy, and which statements are slow",
            metric=response_time,
            comparison=">",
            threshold=slow.total_seconds(),
            periods=2,
            # No requests.
            missing="notBreaching",
        )
        error_rate = metrics.error_rate
        error_alarm = self.add_alarm(
            "server-errors",
            meaning=f"More than {ERROR_PERCENT} % of the requests to {service.node.id} end in a server error",
            action="Find the error in its log; if it started with a deployment, roll back",
            metric=error_rate,
            comparison=">",
            threshold=ERROR_PERCENT,
            period=_MINUTE,
            periods=3,
            # CloudWatch has no data without requests.
            missing="notBreaching",
        )
        alarm_on_cpu(self, service, threshold=_BUSY_PERCENT, action="Raise its maximum, or find what keeps it busy")
        alarm_on_failed_launches(self, service)

        self.add_graph(Graph(title="Traffic (requests)", left=[metrics.requests]))
        self.add_graph(Graph(title="Errors (% of requests)", left=[error_rate], limits=[error_alarm], period=_MINUTE))
        self.add_graph(Graph(title="Response time (seconds)", left=[response_time], limits=[latency_alarm]))
        in_service = group_metric(service, "GroupInServiceInstances", "Average", "in service")
        self.add_graph(
            Graph(title="Instances (number, CPU %)", left=[in_service, unhealthy], right=[cpu_metric(service)])
        )
