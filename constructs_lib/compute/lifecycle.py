"""Lifecycle hooks: Auto Scaling waits until an instance is ready, and until it has drained.

A launching hook keeps an instance out of service until its user data reports that the program is ready. A terminating
hook keeps an instance running until its program has finished its work and stopped.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from constructs_lib.compute.service_role import ServiceRole
from constructs_lib.foundation import cdk

LAUNCHING = "launching"
TERMINATING = "terminating"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DrainPolicy:
    """How Auto Scaling waits for a terminating instance.

    Args:
        timeout: time that the instance gets between two heartbeats.
        heartbeat: interval of its heartbeats.
    """

    timeout: timedelta
    heartbeat: timedelta


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """The lifecycle hooks of a group and the permissions that its instances need for them.

    Args:
        group_name: name of the Auto Scaling group.
        region: region of the group.
        launch_timeout: time that a new instance gets to report that it is ready, before it is replaced.
        drain: how to wait for a terminating instance; without it, it terminates at once.
    """

    group_name: str
    region: str
    launch_timeout: timedelta
    drain: DrainPolicy | None = None

    def hooks(self) -> Iterator[dict[str, Any]]:
        """Yield the hooks. Unreported launches are abandoned; unreported terminations continue."""
        yield {
            "name": LAUNCHING,
            "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "heartbeat_timeout": int(self.launch_timeout.total_seconds()),
            "default_result": "ABANDON",
        }
        if self.drain:
            yield {
                "name": TERMINATING,
                "lifecycle_transition": "autoscaling:EC2_INSTANCE_TERMINATING",
                "heartbeat_timeout": int(self.drain.timeout.total_seconds()),
                "default_result": "CONTINUE",
            }

    def grant(self, role: ServiceRole) -> None:
        """Allow the instances to complete the hooks."""
        # By name, because the first instances report before the group's ARN is known.
        group = f"arn:aws:autoscaling:{self.region}:*:autoScalingGroup:*:autoScalingGroupName/{self.group_name}"
        actions = ["autoscaling:CompleteLifecycleAction", "autoscaling:SetInstanceHealth"]
        if self.drain:
            actions.append("autoscaling:RecordLifecycleActionHeartbeat")
        role.allow("ReportToAutoScaling", actions, [group])

    def attach(self, group: Any) -> list[Any]:
        """Manage the group's hooks as resources, and return them.

        The group is created with the hooks, so that they apply to its first instances, but never updates them:
        https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/autoscaling_lifecycle_hook
        """
        return [
            cdk.aws.autoscaling_lifecycle_hook.AutoscalingLifecycleHook(
                group.node.scope, str(hook["name"]), autoscaling_group_name=group.name, **hook
            )
            for hook in self.hooks()
        ]
