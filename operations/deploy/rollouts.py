"""Wait until rollouts have ended and all instances are in service; explain failures and rollbacks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from operations.deploy.health import Client, DeployedGroup, GroupHealth, read_health
from workspace.errors import UserError

LOG_LINES = 20
_ENDINGS = {
    "RollbackSuccessful": "was rolled back",
    "RollbackFailed": "failed, and could not be rolled back",
    "Failed": "failed, and was not rolled back",
    "Cancelled": "was cancelled",
}
"""What happened to a version that a refresh did not roll out."""


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
