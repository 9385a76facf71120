"""Wait until deployed instances are in service, and explain failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from operations.deploy.states import TerraformState
from workspace.errors import UserError

LOG_LINES = 20
IN_SERVICE_TIMEOUT_SECONDS = 1200
"""Includes the time for a failed boot to be abandoned and retried."""
_LEAVING = ("Terminating", "Terminated", "Detaching", "Detached")
_IN_PROGRESS = ("Pending", "InProgress", "Baking", "RollbackInProgress", "Cancelling")
_FAILED = ("Failed", "RollbackSuccessful", "RollbackFailed", "Cancelled")

Client = Callable[[str], Any]
"""Creates a boto3 client for a service."""


@dataclass(frozen=True, kw_only=True)
class DeployedGroup:
    """A deployed Auto Scaling group.

    Args:
        name: Name of the group.
        log_groups: Log groups of its stack; one of them holds the boot logs.
    """

    name: str
    log_groups: tuple[str, ...]


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
        refresh: Status and reason of the latest instance refresh; empty if there was none.
    """

    group: DeployedGroup
    desired: int
    instances: tuple[GroupInstance, ...]
    refresh: str = ""

    @property
    def in_service(self) -> int:
        """Number of instances in service."""
        return sum(instance.in_service for instance in self.instances)

    @property
    def ready(self) -> bool:
        """Whether enough instances are in service and no refresh is in progress."""
        return self.in_service >= self.desired and not self.refresh.startswith(_IN_PROGRESS)

    @property
    def refresh_failed(self) -> bool:
        """Whether the latest instance refresh failed, was cancelled or was rolled back."""
        return self.refresh.startswith(_FAILED)

    def __str__(self) -> str:
        return f"{self.group.name} {self.in_service} of {self.desired}"


def find_groups(states: Mapping[str, TerraformState]) -> list[DeployedGroup]:
    """Find the Auto Scaling groups in the states."""
    groups = []
    for state in states.values():
        logs = tuple(at["name"] for kind, _, at in state.resources if kind == "aws_cloudwatch_log_group")
        names = [at["name"] for kind, _, at in state.resources if kind == "aws_autoscaling_group"]
        groups += [DeployedGroup(name=name, log_groups=logs) for name in names]
    return groups


def wait_until_in_service(
    groups: list[DeployedGroup],
    client: Client,
    on_progress: Callable[[str], None],
    *,
    rolling: bool,
    timeout_seconds: float,
    pause_seconds: float = 5,
) -> list[GroupHealth]:
    """Wait until the instances of all groups are in service.

    Args:
        groups: Groups to wait for.
        client: Creates clients for the target account.
        on_progress: Receives the progress as text.
        rolling: Changes start an instance refresh; wait for it too.
        timeout_seconds: Maximum time to wait, in seconds.
        pause_seconds: Pause between two checks, in seconds; default 5.

    Raises:
        UserError: Some instances did not come into service; names them and quotes their boot logs.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        healths = [read_health(group, client, rolling=rolling) for group in groups]
        on_progress(", ".join(str(health) for health in healths))
        if any(health.refresh_failed for health in healths) or time.monotonic() > deadline:
            break
        if all(health.ready for health in healths):
            return healths
        time.sleep(pause_seconds)
    raise UserError("\n".join(line for health in healths for line in explain_failure(health, client)))


def read_health(group: DeployedGroup, client: Client, *, rolling: bool) -> GroupHealth:
    """Read the current health of a group from AWS."""
    autoscaling = client("autoscaling")
    (described,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group.name])["AutoScalingGroups"]
    targets = [_target_health(client("elbv2"), arn) for arn in described.get("TargetGroupARNs", [])]
    refreshes = (
        autoscaling.describe_instance_refreshes(AutoScalingGroupName=group.name, MaxRecords=1)["InstanceRefreshes"]
        if rolling
        else []
    )
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
        refresh=" ".join(f"{refresh['Status']} {refresh.get('StatusReason', '')}" for refresh in refreshes).strip(),
    )


def _target_health(elbv2: Any, arn: str) -> dict[str, str]:
    descriptions = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {
        description["Target"]["Id"]: ": ".join(
            filter(None, [description["TargetHealth"]["State"], description["TargetHealth"].get("Reason")])
        )
        for description in descriptions
    }


def explain_failure(health: GroupHealth, client: Client) -> Iterator[str]:
    """Explain why a group is not ready or its refresh failed; yield nothing for a healthy group."""
    if health.ready and not health.refresh_failed:
        return
    name = health.group.name
    yield f"{name} has {health.in_service} of {health.desired} instances in service."
    if health.refresh:
        yield f"  Instance refresh: {health.refresh}"
    yield from (f"  {instance}" for instance in health.instances if not instance.in_service)
    activities = client("autoscaling").describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=5)
    for activity in activities["Activities"]:
        if activity["StatusCode"] in ("Failed", "Cancelled"):
            yield f"  Auto Scaling: {activity.get('StatusMessage') or activity['Description']}"
    for stream, lines in boot_logs(health, client("logs")):
        yield f"  End of the boot log, {stream}:"
        yield from (f"    {line}" for line in lines)


def boot_logs(health: GroupHealth, logs: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the ends of the boot logs of unhealthy instances, or of the latest abandoned launch.

    Args:
        health: Health of the group.
        logs: boto3 client for CloudWatch Logs.
    """
    healthy = {instance.id for instance in health.instances if instance.in_service}
    unhealthy = {instance.id for instance in health.instances} - healthy
    for group in health.group.log_groups:
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="boot/")["logStreams"]
        except ClientError:
            continue
        newest = sorted(streams, key=lambda stream: stream.get("lastEventTimestamp", 0), reverse=True)
        names = [stream["logStreamName"] for stream in newest]
        shown = [name for name in names if name.removeprefix("boot/") in unhealthy]
        shown = shown or [name for name in names if name.removeprefix("boot/") not in healthy][:1]
        for name in shown:
            events = logs.get_log_events(logGroupName=group, logStreamName=name, limit=LOG_LINES, startFromHead=False)
            yield f"{group} {name}", [event["message"] for event in events["events"]]
