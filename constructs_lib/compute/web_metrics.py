"""Load balancer metrics of a web service."""

from __future__ import annotations

import dataclasses

from constructs_lib.monitoring.metric import Metric, MetricMath

ERROR_PERCENT = 5
"""Threshold of the error rate, in percent of the requests."""

_MIN_REQUESTS = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class WebMetrics:
    """The metrics of a load balancer and a target group behind it.

    Args:
        load_balancer: ARN suffix of the load balancer.
        target_group: ARN suffix of the target group.
    """

    load_balancer: str
    target_group: str

    @property
    def unhealthy_hosts(self) -> Metric:
        """Unhealthy targets. Each zone reports its own number, so an average could stay below 1."""
        return self._metric("UnHealthyHostCount", "Maximum", "unhealthy", TargetGroup=self.target_group)

    @property
    def response_time(self) -> Metric:
        """Average response time, in seconds."""
        return self._metric("TargetResponseTime", "Average", "average")

    @property
    def requests(self) -> Metric:
        """Number of requests that were routed to a target."""
        return self._metric("RequestCount", "Sum", "requests")

    @property
    def error_rate(self) -> MetricMath:
        """5xx responses of the service and of the load balancer, in percent of the requests."""
        return MetricMath(
            # With few requests one error means little, so fewer than 20 count as 20. A request without a target is
            # not counted.
            expression=f"100 * (FILL(own, 0) + FILL(unanswered, 0)) / "
            f"IF(FILL(requests, 0) > {_MIN_REQUESTS}, requests, {_MIN_REQUESTS})",
            metrics={
                "own": self._metric("HTTPCode_Target_5XX_Count", "Sum", "the service's errors"),
                "unanswered": self._metric("HTTPCode_ELB_5XX_Count", "Sum", "no response"),
                "requests": self.requests,
            },
            label="errors",
        )

    def _metric(self, name: str, statistic: str, label: str, **dimensions: str) -> Metric:
        return Metric(
            namespace="AWS/ApplicationELB",
            name=name,
            dimensions={"LoadBalancer": self.load_balancer, **dimensions},
            statistic=statistic,
            label=label,
        )
