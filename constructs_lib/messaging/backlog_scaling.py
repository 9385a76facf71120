"""Scaling on the backlog per instance.

The number of waiting messages alone is no measure of load: ten are many for one worker and few for ten. CloudWatch
computes the quotient, so no program has to publish it.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-target-tracking-metric-math.html
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from constructs_lib.foundation import cdk

BACKLOG = "waiting / IF(FILL(instances, 0) > 0, FILL(instances, 0), 1)"
"""Waiting messages per instance. An empty group, which publishes zero or no data, counts as one instance."""

STRANDED = "IF(FILL(instances, 0) > 0, 0, waiting)"
"""Waiting messages while no instance is in service."""


class BacklogScaling(cdk.Construct):
    """Target tracking of a group's backlog per instance.

    Args:
        name: prefix of the resources' names.
        group_name: name of the Auto Scaling group.
        queue_name: name of the queue that it consumes.
        target: target of waiting messages per instance.
        startup_timeout: time until a new instance is ready.
        from_zero: whether the group may be empty. Target tracking multiplies the number of instances, so it cannot
            scale from zero; a step policy launches the first instance.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        name: str,
        group_name: str,
        queue_name: str,
        target: float,
        startup_timeout: timedelta,
        from_zero: bool,
    ) -> None:
        super().__init__(scope, id)
        self._metrics = {
            "waiting": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue_name}),
            "instances": ("AWS/AutoScaling", "GroupInServiceInstances", {"AutoScalingGroupName": group_name}),
        }
        warmup = int(startup_timeout.total_seconds())
        cdk.aws.autoscaling_policy.AutoscalingPolicy(
            self,
            "tracking",
            name=f"{name}-backlog",
            autoscaling_group_name=group_name,
            policy_type="TargetTrackingScaling",
            estimated_instance_warmup=warmup,
            target_tracking_configuration={
                "target_value": target,
                "customized_metric_specification": {"metrics": self._tracking_metrics()},
            },
        )
        if from_zero:
            self._scale_from_zero(name, group_name, warmup)

    def _tracking_metrics(self) -> list[Any]:
        module = cdk.aws.autoscaling_policy
        prefix = "AutoscalingPolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetrics"
        query = getattr(module, prefix)
        dimension = getattr(module, f"{prefix}MetricStatMetricDimensions")
        metrics = [
            query(
                id=id,
                metric_stat={
                    "metric": {
                        "namespace": namespace,
                        "metric_name": metric,
                        "dimensions": [dimension(name=key, value=value) for key, value in dimensions.items()],
                    },
                    "stat": "Average",
                },
                return_data=False,
            )
            for id, (namespace, metric, dimensions) in self._metrics.items()
        ]
        return [*metrics, query(id="backlog", label="waiting for each instance", expression=BACKLOG, return_data=True)]

    def _scale_from_zero(self, name: str, group_name: str, warmup: int) -> None:
        policy = cdk.aws.autoscaling_policy.AutoscalingPolicy(
            self,
            "first",
            name=f"{name}-first",
            autoscaling_group_name=group_name,
            policy_type="StepScaling",
            adjustment_type="ChangeInCapacity",
            # An instance that is warming up counts, so a lasting alarm launches only one.
            estimated_instance_warmup=warmup,
            step_adjustment=[
                cdk.aws.autoscaling_policy.AutoscalingPolicyStepAdjustment(
                    scaling_adjustment=1, metric_interval_lower_bound="0"
                )
            ],
        )
        module = cdk.aws.cloudwatch_metric_alarm
        metrics = [
            module.CloudwatchMetricAlarmMetricQuery(
                id=id,
                metric={
                    "namespace": namespace,
                    "metric_name": metric,
                    "dimensions": dimensions,
                    "period": 60,
                    "stat": "Average",
                },
                return_data=False,
            )
            for id, (namespace, metric, dimensions) in self._metrics.items()
        ]
        module.CloudwatchMetricAlarm(
            self,
            "stranded",
            alarm_name=f"{name}-stranded",
            alarm_description="Messages wait and no instance is in service: launches the first one; no action needed",
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[policy.arn],
            metric_query=[
                *metrics,
                module.CloudwatchMetricAlarmMetricQuery(
                    id="stranded", label="waiting without an instance", expression=STRANDED, return_data=True
                ),
            ],
        )
