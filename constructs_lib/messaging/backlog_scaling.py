"""Scaling on the messages that wait for each instance.

The number of waiting messages alone says nothing: ten are many for one worker and few for ten. CloudWatch computes
the quotient itself, so no program has to publish it.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-target-tracking-metric-math.html
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from constructs_lib.foundation import cdk

BACKLOG = "waiting / IF(FILL(instances, 0) > 0, FILL(instances, 0), 1)"
"""Messages for each instance. In an empty group, which publishes zero or nothing, every message counts as one's."""

STRANDED = "IF(FILL(instances, 0) > 0, 0, waiting)"
"""Messages that wait while there is no instance at all."""


class BacklogScaling(cdk.Construct):
    """Keeps a group at a backlog for each of its instances.

    Args:
        name: prefix of the names of the parts.
        group_name: the group.
        queue_name: the queue it consumes.
        target: messages that may wait for each instance.
        startup_timeout: how long an instance takes to be of use.
        from_zero: whether the group may be empty. Target tracking multiplies the number of instances, and a multiple
            of none is none; then a step policy launches the first instance.
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
                "customized_metric_specification": {"metrics": self._tracked()},
            },
        )
        if from_zero:
            self._from_zero(name, group_name, warmup)

    def _tracked(self) -> list[Any]:
        module = cdk.aws.autoscaling_policy
        prefix = "AutoscalingPolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetrics"
        query = getattr(module, prefix)
        dimension = getattr(module, f"{prefix}MetricStatMetricDimensions")
        asked = [
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
        return [*asked, query(id="backlog", label="waiting for each instance", expression=BACKLOG, return_data=True)]

    def _from_zero(self, name: str, group_name: str, warmup: int) -> None:
        policy = cdk.aws.autoscaling_policy.AutoscalingPolicy(
            self,
            "first",
            name=f"{name}-first",
            autoscaling_group_name=group_name,
            policy_type="StepScaling",
            adjustment_type="ChangeInCapacity",
            # An instance that is still warming up counts, so one is launched however long the alarm lasts.
            estimated_instance_warmup=warmup,
            step_adjustment=[
                cdk.aws.autoscaling_policy.AutoscalingPolicyStepAdjustment(
                    scaling_adjustment=1, metric_interval_lower_bound="0"
                )
            ],
        )
        module = cdk.aws.cloudwatch_metric_alarm
        asked = [
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
            alarm_description="Messages wait and no instance is in service: launches the first one, nobody need act",
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[policy.arn],
            metric_query=[
                *asked,
                module.CloudwatchMetricAlarmMetricQuery(
                    id="stranded", label="waiting while nobody works", expression=STRANDED, return_data=True
                ),
            ],
        )
