"""Whether the instances of what was deployed are in service, and why those are not that are not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from operations.deploy.states import TerraformState
from workspace.errors import UserError

LOG_LINES = 20
SERVING_SECONDS = 1200
"""How long instances may take: a boot that fails is given up and tried again within it."""
_LEAVING = ("Terminating", "Terminated", "Detaching", "Detached")
_UNDER_WAY = ("Pending", "InProgress", "Baking", "RollbackInProgress", "Cancelling")
_TAKEN_BACK = ("Failed", "RollbackSuccessful", "RollbackFailed", "Cancelled")

Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""


@dataclass(frozen=True, kw_only=True)
class DeployedGroup:
    """An Auto Scaling group that was deployed.

    Args:
        name: its name.
        log_groups: those of its stack; the boot's log is in one of them.
    """

    name: str
    log_groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GroupInstance:
    """An instance of a group.

    Args:
        id: its id.
        lifecycle: what Auto Scaling does with it, such as InService.
        health: what Auto Scaling thinks of it, such as Healthy.
        targets: what each load balancer thinks of it, such as "unhealthy: Target.Timeout".
        zone: where it is.
        template: the version of the launch template it was made from; empty when Auto Scaling does not say.
    """

    id: str
    lifecycle: str
    health: str
    targets: tuple[str, ...] = ()
    zone: str = ""
    template: str = ""

    @property
    def serves(self) -> bool:
        """Whether it does its work."""
        return (
            self.lifecycle == "InService"
            and self.health == "Healthy"
            and all(target == "healthy" for target in self.targets)
        )

    def __str__(self) -> str:
        return f"{self.id} is {', '.join([self.lifecycle, self.health, *self.targets])}"


@dataclass(frozen=True, kw_only=True)
class GroupHealth:
    """How a group stands.

    Args:
        group: which.
        desired: how many instances it is to have.
        instances: those it has, without the leaving ones.
        refresh: status of the newest instance refresh, with its reason; empty when there was none.
    """

    group: DeployedGroup
    desired: int
    instances: tuple[GroupInstance, ...]
    refresh: str = ""

    @property
    def serving(self) -> int:
        """How many instances do their work."""
        return sum(instance.serves for instance in self.instances)

    @property
    def ready(self) -> bool:
        """Whether enough of them do, and none is about to be replaced."""
        return self.serving >= self.desired and not self.refresh.startswith(_UNDER_WAY)

    @property
    def taken_back(self) -> bool:
        """Whether AWS gave the new instances up."""
        return self.refresh.startswith(_TAKEN_BACK)

    def __str__(self) -> str:
        return f"{self.group.name} {self.serving} of {self.desired}"


def find_groups(states: Mapping[str, TerraformState]) -> list[DeployedGroup]:
    """The groups in the states."""
    found = []
    for state in states.values():
        logs = tuple(at["name"] for kind, _, at in state.resources if kind == "aws_cloudwatch_log_group")
        names = [at["name"] for kind, _, at in state.resources if kind == "aws_autoscaling_group"]
        found += [DeployedGroup(name=name, log_groups=logs) for name in names]
    return found


def wait_until_serving(
    groups: list[DeployedGroup],
    client: Client,
    told: Callable[[str], None],
    *,
    rolling: bool,
    seconds: float,
    pause_seconds: float = 5,
) -> list[GroupHealth]:
    """Wait for the instances.

    Args:
        groups: whose.
        client: of where they are.
        told: how far it is.
        rolling: whether a change replaces the instances in turn, which is waited for too.
        seconds: after this long they are given up.
        pause_seconds: between two looks.

    Raises:
        UserError: some never came into service; it says which, and the end of their boot's log.
    """
    deadline = time.monotonic() + seconds
    while True:
        standings = [look(group, client, rolling=rolling) for group in groups]
        told(", ".join(str(each) for each in standings))
        if any(each.taken_back for each in standings) or time.monotonic() > deadline:
            break
        if all(each.ready for each in standings):
            return standings
        time.sleep(pause_seconds)
    raise UserError("\n".join(line for each in standings for line in why_not(each, client)))


def look(group: DeployedGroup, client: Client, *, rolling: bool) -> GroupHealth:
    """How a group stands now."""
    scaling = client("autoscaling")
    (told,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group.name])["AutoScalingGroups"]
    targets = [_targets(client("elbv2"), arn) for arn in told.get("TargetGroupARNs", [])]
    refreshes = (
        scaling.describe_instance_refreshes(AutoScalingGroupName=group.name, MaxRecords=1)["InstanceRefreshes"]
        if rolling
        else []
    )
    return GroupHealth(
        group=group,
        desired=told["DesiredCapacity"],
        instances=tuple(
            GroupInstance(
                id=each["InstanceId"],
                lifecycle=each["LifecycleState"],
                health=each["HealthStatus"],
                targets=tuple(known.get(each["InstanceId"], "not registered") for known in targets),
                zone=each["AvailabilityZone"],
                template=each.get("LaunchTemplate", {}).get("Version", ""),
            )
            for each in told["Instances"]
            if not each["LifecycleState"].startswith(_LEAVING)
        ),
        refresh=" ".join(f"{each['Status']} {each.get('StatusReason', '')}" for each in refreshes).strip(),
    )


def _targets(balancing: Any, arn: str) -> dict[str, str]:
    answer = balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {
        each["Target"]["Id"]: ": ".join(
            filter(None, [each["TargetHealth"]["State"], each["TargetHealth"].get("Reason")])
        )
        for each in answer
    }


def why_not(standing: GroupHealth, client: Client) -> Iterator[str]:
    """What is known of a group that does not stand as it should; nothing of one that does."""
    if standing.ready and not standing.taken_back:
        return
    yield f"{standing.group.name} has {standing.serving} of {standing.desired} instances in service."
    if standing.refresh:
        yield f"  Its instance refresh: {standing.refresh}"
    waiting = [instance for instance in standing.instances if not instance.serves]
    yield from (f"  {instance}" for instance in waiting)
    activities = client("autoscaling").describe_scaling_activities(
        AutoScalingGroupName=standing.group.name, MaxRecords=5
    )["Activities"]
    for activity in activities:
        if activity["StatusCode"] in ("Failed", "Cancelled"):
            yield f"  Auto Scaling: {activity.get('StatusMessage') or activity['Description']}"
    for stream, lines in boot_logs(standing, client("logs")):
        yield f"  The end of the boot's log, {stream}:"
        yield from (f"    {line}" for line in lines)


def boot_logs(standing: GroupHealth, logs: Any) -> Iterator[tuple[str, list[str]]]:
    """The end of the boots' logs: of the instances that do not serve, and of the newest that was given up.

    Args:
        standing: of the group.
        logs: boto3 client of CloudWatch Logs.
    """
    serving = {instance.id for instance in standing.instances if instance.serves}
    waiting = {instance.id for instance in standing.instances} - serving
    for group in standing.group.log_groups:
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="boot/")["logStreams"]
        except ClientError:
            continue
        newest = sorted(streams, key=lambda each: each.get("lastEventTimestamp", 0), reverse=True)
        told = [each for each in newest if each["logStreamName"].removeprefix("boot/") in waiting]
        told = told or [each for each in newest if each["logStreamName"].removeprefix("boot/") not in serving][:1]
        for each in told:
            name = each["logStreamName"]
            events = logs.get_log_events(logGroupName=group, logStreamName=name, limit=LOG_LINES, startFromHead=False)
            yield f"{group} {name}", [event["message"] for event in events["events"]]
