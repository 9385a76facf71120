"""What a load balancer says of the service behind it."""

from __future__ import annotations

import dataclasses

from constructs_lib.monitoring.metric import Metric, MetricMath

ERROR_PERCENT = 5
"""More server errors than these, of a hundred requests, are no accident."""

_FEW_REQUESTS = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class WebMetrics:
    """The metrics of a load balancer and a target group behind it.

    Args:
        load_balancer: suffix of its ARN.
        target_group: suffix of its ARN.
    """

    load_balancer: str
    target_group: str

    @property
    def unhealthy_hosts(self) -> Metric:
        """Targets that do not answer. Each zone of the balancer counts by itself: an average would stay below one."""
        return self._metric("UnHealthyHostCount", "Maximum", "unhealthy", TargetGroup=self.target_group)

    @property
    def answer_time(self) -> Metric:
        """How long answers take, in seconds."""
        return self._metric("TargetResponseTime", "Average", "average")

    @property
    def requests(self) -> Metric:
        """How many there are, of those an instance was found for."""
        return self._metric("RequestCount", "Sum", "requests")

    @property
    def error_share(self) -> MetricMath:
        """The service's own errors and those the balancer answers for it when it finds nobody, in percent."""
        return MetricMath(
            # Among few requests one error says little, so they count as twenty. The balancer counts a request only
            # when it found an instance for it.
            expression=f"100 * (FILL(own, 0) + FILL(unanswered, 0)) / "
            f"IF(FILL(requests, 0) > {_FEW_REQUESTS}, requests, {_FEW_REQUESTS})",
            metrics={
                "own": self._metric("HTTPCode_Target_5XX_Count", "Sum", "the service's errors"),
                "unanswered": self._metric("HTTPCode_ELB_5XX_Count", "Sum", "nobody answered"),
                "requests": self.requests,
            },
            label="errors",
        )

    def _metric(self, name: str, statistic: str, label: str, **of: str) -> Metric:
        return Metric(
            namespace="AWS/ApplicationELB",
            name=name,
            dimensions={"LoadBalancer": self.load_balancer, **of},
            statistic=statistic,
            label=label,
        )
