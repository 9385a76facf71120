"""Wait until deployed instances are in service, and explain failures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from operations.deploy.states import TerraformState
from workspace.errors import UserError

LOG_LINES = 20
_MARGIN_SECONDS = 300
"""Time for EC2 to launch an instance, and for the load balancer to find it healthy."""
_LEAVING = ("Terminating", "Terminated", "Detaching", "Detached")
_IN_PROGRESS = ("Pending", "InProgress", "Baking", "RollbackInProgress", "Cancelling")
_ENDINGS = {
    "RollbackSuccessful": "was rolled back",
    "RollbackFailed": "failed, and could not be rolled back",
    "Failed": "failed, and was not rolled back",
    "Cancelled": "was cancelled",
}
"""What happened to a version that a refresh did not roll out."""

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


def wait_until_in_service(
    groups: list[DeployedGroup],
    client: Client,
    on_progress: Callable[[str], None],
    *,
    patience_seconds: float | None = None,
    pause_seconds: float = 5,
) -> list[GroupHealth]:
    """Wait until the instances of all groups are in service with the latest version, as long as there is progress.

    Args:
        groups: Groups to wait for.
        client: Creates clients for the target account.
        on_progress: Receives the progress as text.
        patience_seconds: Time to wait for progress, in seconds; default: from each group's hooks and warm-up.
        pause_seconds: Pause between two checks, in seconds; default 5.

    Raises:
        UserError: Some instances did not come into service or a version was rolled back; names them and quotes the
            boot logs.
    """
    progresses = [_Progress() for _ in groups]
    while True:
        healths = [read_health(group, client) for group in groups]
        on_progress(", ".join(str(health) for health in healths))
        if all(health.ready for health in healths):
            return healths
        settled = []
        for progress, health in zip(progresses, healths, strict=True):
            patience = health.patience_seconds if patience_seconds is None else patience_seconds
            settled.append(health.ready or health.behind or progress.stalled_seconds(health) >= patience)
        if all(settled):
            raise UserError("\n".join(line for health in healths for line in explain_failure(health, client)))
        time.sleep(pause_seconds)


class _Progress:
    """Progress of one group: instances that are in service or updated for the first time."""

    def __init__(self) -> None:
        self._phase: tuple[str, str] | None = None
        self._best: tuple[int, int] = (0, 0)
        self._since = time.monotonic()

    def stalled_seconds(self, health: GroupHealth) -> float:
        """Time since the last progress, in seconds."""
        refresh = health.refresh
        phase = (refresh.id, refresh.status) if refresh else ("", "")
        updated = refresh.percentage if refresh else 0
        # A rollback counts down.
        current = (health.in_service, -updated if refresh and refresh.status == "RollbackInProgress" else updated)
        if phase != self._phase:
            self._phase, self._best, self._since = phase, current, time.monotonic()
        # Best values, so that instances that fail and are replaced again and again are no progress.
        elif any(new > old for new, old in zip(current, self._best, strict=True)):
            best = [max(new, old) for new, old in zip(current, self._best, strict=True)]
            self._best, self._since = (best[0], best[1]), time.monotonic()
        return time.monotonic() - self._since


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


def explain_failure(health: GroupHealth, client: Client) -> Iterator[str]:
    """Explain why a group is not ready; yield nothing for a ready group."""
    if health.ready:
        return
    name = health.group.name
    if health.behind:
        yield from explain_rollback(health, client("cloudwatch"))
    if health.in_service < health.desired or health.refreshing:
        yield f"{name} has {health.in_service} of {health.desired} instances in service."
    if health.refresh and health.refreshing:
        reason = f": {health.refresh.reason}" if health.refresh.reason else ""
        yield f"  Instance refresh to version {health.refresh.version}: {health.refresh}{reason}"
        if health.refresh.status == "InProgress":
            # https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
            yield (
                "  Auto Scaling retries for an hour, then rolls back. Fix: deploy a corrected release, or run "
                "./anb rollback."
            )
    yield from (f"  {instance}" for instance in health.instances if not instance.in_service)
    activities = client("autoscaling").describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=5)
    for activity in activities["Activities"]:
        if activity["StatusCode"] in ("Failed", "Cancelled"):
            yield f"  Auto Scaling: {activity.get('StatusMessage') or activity['Description']}"
    for stream, lines in boot_logs(health, client("logs")):
        yield f"  End of the boot log, {stream}:"
        yield from (f"    {line}" for line in lines)


def explain_rollback(health: GroupHealth, cloudwatch: Any) -> Iterator[str]:
    """Explain why a group does not run its launch template's latest version, and how to go on.

    Args:
        health: Health of a group that is behind.
        cloudwatch: boto3 client for CloudWatch.
    """
    group, refresh = health.group, health.refresh
    if refresh is None or refresh.version != group.version:
        ending, refresh = "was not rolled out", None
    else:
        ending = _ENDINGS.get(refresh.status, "was not rolled out")
    versions = sorted({instance.template for instance in health.instances} - {""}, key=int) or [health.saved]
    running = f"version {versions[0]} runs" if len(versions) == 1 else f"versions {' and '.join(versions)} run"
    yield f"{group.name}: version {group.version} of its launch template {ending}; {running}."
    if refresh is not None and refresh.reason:
        yield f"  Reason: {refresh.reason}"
    if refresh is not None and refresh.alarms:
        described = cloudwatch.describe_alarms(
            AlarmNames=list(refresh.alarms), AlarmTypes=["MetricAlarm", "CompositeAlarm"], StateValue="ALARM"
        )
        for alarm in [*described.get("MetricAlarms", []), *described.get("CompositeAlarms", [])]:
            yield f"  Alarm {alarm['AlarmName']} is in ALARM: {alarm.get('StateReason') or 'no reason given'}"
    again = f"run ./anb deploy, which offers to roll out version {group.version} again"
    yield f"  Fix: deploy a corrected release, or {again}."


def retry_rollout(group: DeployedGroup, client: Client) -> str:
    """Roll out the latest version of a group's launch template again; return the result as a sentence.

    Raises:
        UserError: The function that starts rollouts failed.
    """
    payload = json.dumps({"launch_template": group.launch_template, "version": group.version})
    answer = client("lambda").invoke(FunctionName=group.function, Payload=payload.encode())
    result = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise UserError(f"Version {group.version} is not rolled out. {result.get('errorMessage', result)}")
    return str(result["detail"])


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
