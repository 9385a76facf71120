"""How Auto Scaling waits for an instance: until it is ready, and until it has finished.

A launching hook keeps an instance out of service until its user-data says that the program is ready. A terminating
hook keeps a leaving instance alive until it has stopped its program, which then had time to finish its work.
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
    """How a leaving instance is waited for.

    Args:
        timeout: how long it is waited for without a word from it.
        heartbeat: how often it says that it is still working.
        protect_busy: whether the program protects its instance from scale-in while it is busy.
    """

    timeout: timedelta
    heartbeat: timedelta
    protect_busy: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """How the instances of a group come and go.

    Args:
        group_name: the group, by the name its instances know it by.
        region: where it is.
        launch_timeout: how long a new instance may take to report that it is ready; then it is replaced.
        drain: how a leaving instance is waited for; without one it leaves at once.
    """

    group_name: str
    region: str
    launch_timeout: timedelta
    drain: DrainPolicy | None = None

    def hooks(self) -> Iterator[dict[str, Any]]:
        """The hooks, as Auto Scaling has them.

        A launch nobody reports on failed; a departure nobody reports on is over.
        """
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
        """Let the instances report, and protect themselves where they must."""
        # By name: the group's ARN is known only once its first instances had to report.
        group = f"arn:aws:autoscaling:{self.region}:*:autoScalingGroup:*:autoScalingGroupName/{self.group_name}"
        actions = ["autoscaling:CompleteLifecycleAction", "autoscaling:SetInstanceHealth"]
        if self.drain:
            actions.append("autoscaling:RecordLifecycleActionHeartbeat")
        if self.drain and self.drain.protect_busy:
            actions.append("autoscaling:SetInstanceProtection")
        role.allow("ReportToAutoScaling", actions, [group])

    def attach(self, group: Any) -> None:
        """Keep the group's hooks as they are here.

        The group is made with them, so that its first instances are waited for, but never changes them afterwards:
        https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/autoscaling_lifecycle_hook
        """
        for hook in self.hooks():
            cdk.aws.autoscaling_lifecycle_hook.AutoscalingLifecycleHook(
                group.node.scope, str(hook["name"]), autoscaling_group_name=group.name, **hook
            )
