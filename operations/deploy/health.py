"""Health of the deployed instances: their groups, launch template versions and instance refreshes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from operations.deploy.states import TerraformState

_MARGIN_SECONDS = 300
"""Time for EC2 to launch an instance, and for the load balancer to find it healthy."""
_LEAVING = ("Terminating", "Terminated", "Detaching", "Detached")
_IN_PROGRESS = ("Pending", "InProgress", "Baking", "RollbackInProgress", "Cancelling")
Client = Callable[[str], Any]
"""Creates a boto3 client for a service."""


@dataclass(frozen=True, kw_only=True)
class DeployedGroup:
    """A deployed Auto Scaling group.

    Args:
        name: Name of the group.
        log_groups: Log groups of its stack; one of them holds the boot logs.
        launch_template: Id of its launch template; empty when unknown.
        version: Latest version of the launch template, which the group should run; empty when unknown.
        function: Lambda function that rolls it out; empty when unknown.
    """

    name: str
    log_groups: tuple[str, ...]
    launch_template: str = ""
    version: str = ""
    function: str = ""


@dataclass(frozen=True, kw_only=True)
class InstanceRefresh:
    """An instance refresh.

    Args:
        id: Id of the refresh.
        status: Status, such as InProgress.
        version: Launch template version that it rolls out.
        percentage: Percentage of updated instances; during a rollback, of those that still have the new version.
        reason: Reason of the status or of the rollback.
        alarms: Alarms that roll it back.
    """

    id: str
    status: str
    version: str = ""
    percentage: int = 0
    reason: str = ""
    alarms: tuple[str, ...] = ()

    @property
    def in_progress(self) -> bool:
        """Whether it is running, or being cancelled or rolled back."""
        return self.status in _IN_PROGRESS

    def __str__(self) -> str:
        done = f"{self.percentage} %" if self.in_progress else ""
        return " ".join(filter(None, [self.status, done]))


@dataclass(frozen=True, kw_only=True)
class GroupInstance:
    """An instance of a group.

    Args:
        id: Instance id.
        lifecycle: Lifecycle state in Auto Scaling, such as InService.
        health: Health status in Auto Scaling, such as Healthy.
        targets: Health in each target group, such as "unhealthy: Target.Timeout".
        zone: Availability zone.
        template: Launch template version; empty when Auto Scaling does not report it.
    """

    id: str
    lifecycle: str
    health: str
    targets: tuple[str, ...] = ()
    zone: str = ""
    template: str = ""

    @property
    def in_service(self) -> bool:
        """Whether Auto Scaling and every target group report it as healthy."""
        return (
            self.lifecycle == "InService"
            and self.health == "Healthy"
            and all(target == "healthy" for target in self.targets)
        )

    def __str__(self) -> str:
        return f"{self.id} is {', '.join([self.lifecycle, self.health, *self.targets])}"


@dataclass(frozen=True, kw_only=True)
class GroupHealth:
    """Health of a group.

    Args:
        group: The group.
        desired: Desired number of instances.
        instances: Current instances, without terminating ones.
        saved: Launch template version that the group launches outside of a refresh.
        refresh: Latest instance refresh.
        patience_seconds: Time that a step of a rollout may take.
    """

    group: DeployedGroup
    desired: int
    instances: tuple[GroupInstance, ...]
    saved: str = ""
    refresh: InstanceRefresh | None = None
    patience_seconds: float = 0

    @property
    def in_service(self) -> int:
        """Number of instances in service."""
        return sum(instance.in_service for instance in self.instances)

    @property
    def refreshing(self) -> bool:
        """Whether a refresh or a rollback is in progress."""
        return self.refresh is not None and self.refresh.in_progress

    @property
    def behind(self) -> bool:
        """Whether the group does not run its launch template's latest version, and no refresh is in progress."""
        versions = {self.saved, *(instance.template for instance in self.instances)} - {""}
        return bool(self.group.function) and not self.refreshing and versions != {self.group.version}

    @property
    def ready(self) -> bool:
        """Whether enough instances are in service with the latest version, and no refresh is in progress."""
        return self.in_service >= self.desired and not self.refreshing and not self.behind

    def __str__(self) -> str:
        refresh = f", refresh {self.refresh}" if self.refreshing else ""
        return f"{self.group.name} {self.in_service} of {self.desired}{refresh}"


def find_groups(states: Mapping[str, TerraformState]) -> list[DeployedGroup]:
    """Find the Auto Scaling groups in the states."""
    groups = []
    for state in states.values():
        logs = tuple(at["name"] for kind, _, at in state.resources if kind == "aws_cloudwatch_log_group")
        versions = {
            at["id"]: str(at["latest_version"]) for kind, _, at in state.resources if kind == "aws_launch_template"
        }
        functions = {
            json.loads(at["input"])["launch_template"]: at["function_name"]
            for kind, _, at in state.resources
            if kind == "aws_lambda_invocation"
        }
        for kind, _, at in state.resources:
            if kind == "aws_autoscaling_group":
                template = (at.get("launch_template") or [{"id": ""}])[0]["id"]
                groups.append(
                    DeployedGroup(
                        name=at["name"],
                        log_groups=logs,
                        launch_template=template,
                        version=versions.get(template, ""),
                        function=functions.get(template, ""),
                    )
                )
    return groups


def read_health(group: DeployedGroup, client: Client) -> GroupHealth:
    """Read the current health of a group from AWS."""
    autoscaling = client("autoscaling")
    (described,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group.name])["AutoScalingGroups"]
    targets = [_target_health(client("elbv2"), arn) for arn in described.get("TargetGroupARNs", [])]
    refreshes = autoscaling.describe_instance_refreshes(AutoScalingGroupName=group.name)["InstanceRefreshes"]
    hooks = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group.name)["LifecycleHooks"]
    active = [refresh for refresh in refreshes if refresh["Status"] in _IN_PROGRESS]
    latest = next(iter([*active, *refreshes]), None)
    return GroupHealth(
        group=group,
        desired=described["DesiredCapacity"],
        instances=tuple(
            GroupInstance(
                id=instance["InstanceId"],
                lifecycle=instance["LifecycleState"],
                health=instance["HealthStatus"],
                targets=tuple(target.get(instance["InstanceId"], "not registered") for target in targets),
                zone=instance["AvailabilityZone"],
                template=instance.get("LaunchTemplate", {}).get("Version", ""),
            )
            for instance in described["Instances"]
            if not instance["LifecycleState"].startswith(_LEAVING)
        ),
        saved=described.get("LaunchTemplate", {}).get("Version", ""),
        refresh=_refresh(latest) if latest else None,
        patience_seconds=_patience_seconds(described, hooks),
    )


def _refresh(described: Mapping[str, Any]) -> InstanceRefresh:
    return InstanceRefresh(
        id=described["InstanceRefreshId"],
        status=described["Status"],
        version=described.get("DesiredConfiguration", {}).get("LaunchTemplate", {}).get("Version", ""),
        percentage=described.get("PercentageComplete", 0),
        reason=described.get("RollbackDetails", {}).get("RollbackReason") or described.get("StatusReason", ""),
        alarms=tuple(described.get("Preferences", {}).get("AlarmSpecification", {}).get("Alarms", [])),
    )


def _patience_seconds(group: Mapping[str, Any], hooks: list[dict[str, Any]]) -> float:
    """Time for one instance: two launches, of which the first may fail, its warm-up, and the end of an old one."""
    seconds = {"autoscaling:EC2_INSTANCE_LAUNCHING": 0, "autoscaling:EC2_INSTANCE_TERMINATING": 0}
    for hook in hooks:
        seconds[hook["LifecycleTransition"]] += hook["HeartbeatTimeout"]
    launching, terminating = seconds.values()
    return float(2 * launching + group.get("HealthCheckGracePeriod", 0) + terminating + _MARGIN_SECONDS)


def _target_health(elbv2: Any, arn: str) -> dict[str, str]:
    descriptions = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {
        description["Target"]["Id"]: ": ".join(
            filter(None, [description["TargetHealth"]["State"], description["TargetHealth"].get("Reason")])
        )
        for description in descriptions
    }
