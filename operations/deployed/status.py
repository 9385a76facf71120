"""Status of a deployment: stacks, releases, instances, queue, alarms, and their problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from operations.deploy.health import Client, find_groups, read_health
from operations.deploy.rollouts import explain_failure
from operations.deploy.states import TerraformState
from operations.deployed import releases
from operations.deployed.deployed_state import DeployedStacks
from operations.deployed.images import RunningTemplate, describe_images
from operations.deployed.scaling import SERVICES
from operations.queue.admin import age
from services.shared.queue import queue_state
from services.videos.dead_letters import dead_letter_url

_ALARM_TYPES = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
_MAX_NAMES_PER_CALL = 100
_OLDEST_WINDOW = timedelta(minutes=15)


def report(deployed: DeployedStacks, client: Client, console: Console, *, ami_id: str | None) -> list[str]:
    """Print the status and return the problems.

    Args:
        deployed: The deployment's stacks and states.
        client: Creates clients for the target account.
        console: Receives the output.
        ami_id: The setting: an image, or the public parameter of the latest one; None to leave out the images' age.
    """
    console.print(f"Site: {deployed.output('application_url') or 'none yet'}", highlight=False, soft_wrap=True)
    return [
        *_report_stacks(deployed.states, console),
        *_report_instances(deployed, client, console, ami_id=ami_id),
        *_report_queue(deployed.output("sqs_queue_url"), client, console),
        *_report_alarms(deployed, client("cloudwatch"), console),
    ]


def _report_stacks(states: Mapping[str, TerraformState], console: Console) -> Iterator[str]:
    table = Table("stack", "resources", "")
    for name, state in states.items():
        note = "not applied" if state.empty else f"{len(state.tainted)} tainted" if state.tainted else "applied"
        table.add_row(name, str(len(state.resources)), note)
        if note != "applied":
            yield f"Stack {name}: {note}. Run ./anb deploy to complete it."
    console.print(table)


def _report_instances(
    deployed: DeployedStacks, client: Client, console: Console, *, ami_id: str | None
) -> Iterator[str]:
    releases_by_hash = _report_releases(deployed.output("s3_bucket_name"), client("s3"), console)
    table = Table("group", "instance", "zone", "lifecycle", "health", "load balancer", "template", "release")
    running = []
    for group in find_groups(deployed.states):
        health = read_health(group, client)
        hashes = releases.hashes_by_template_version(client("ec2"), group.launch_template)
        for instance in health.instances:
            sha256 = hashes.get(instance.template, "")
            table.add_row(
                group.name,
                instance.id,
                instance.zone,
                instance.lifecycle,
                instance.health,
                ", ".join(instance.targets),
                instance.template,
                releases_by_hash.get(sha256, sha256[:12] or "unknown"),
            )
        if not health.instances:
            table.add_row(group.name, "none", *[""] * 6)
        yield from explain_failure(health, client)
        versions = {instance.template for instance in health.instances} - {""}
        running.append(RunningTemplate(group=group.name, template=group.launch_template, versions=versions))
    console.print(table)
    if ami_id is not None:
        for line in describe_images(running, ami_id, client, datetime.now(UTC)):
            console.print(line, highlight=False, soft_wrap=True)


def _report_releases(bucket: str, s3: Any, console: Console) -> dict[str, str]:
    """Print the current release of each service and return all known releases by hash."""
    if not bucket:
        return {}
    known: dict[str, str] = {}
    for service in SERVICES:
        for number, release in enumerate(releases.list_releases(s3, bucket, service)):
            known.setdefault(release.sha256, str(release))
            if number == 0:
                since = f"{release.deployed.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
                console.print(f"Release of the {service}: {release}, since {since}", highlight=False, soft_wrap=True)
    return known


def _report_queue(url: str, client: Client, console: Console) -> Iterator[str]:
    if not url:
        return
    sqs = client("sqs")
    table = Table("queue", "waiting", "in flight", "delayed", "oldest")
    for name, queue_url in (("videos", url), ("dead letters", dead_letter_url(sqs, url))):
        if queue_url is not None:
            state = queue_state(sqs, queue_url)
            oldest = _oldest_message_age(client("cloudwatch"), queue_url.rpartition("/")[2])
            table.add_row(name, str(state.visible), str(state.in_flight), str(state.delayed), oldest)
            if name == "dead letters" and state.visible:
                yield f"Dead letters in the queue: {state.visible}. See docs/failures.md."
    console.print(table)


def _oldest_message_age(cloudwatch: Any, queue: str) -> str:
    """Age of a queue's oldest message from CloudWatch, which has it with a delay of a few minutes."""
    now = datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - _OLDEST_WINDOW,
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return age(max(points, key=lambda point: point["Timestamp"])["Maximum"]) if points else "no data"


def _report_alarms(deployed: DeployedStacks, cloudwatch: Any, console: Console) -> Iterator[str]:
    names = [str(at["alarm_name"]) for kind in _ALARM_TYPES for at in deployed.attributes(kind)]
    states: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for first in range(0, len(names), _MAX_NAMES_PER_CALL):
        answer = cloudwatch.describe_alarms(
            AlarmNames=names[first : first + _MAX_NAMES_PER_CALL], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        for alarm in [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]:
            states[alarm["AlarmName"]] = alarm["StateValue"]
            reasons[alarm["AlarmName"]] = alarm.get("StateReason") or ""
    ok = sum(state == "OK" for state in states.values())
    console.print(f"Alarms: {ok} of {len(names)} OK", highlight=False)
    without_data = [name for name in names if states.get(name) == "INSUFFICIENT_DATA"]
    if without_data:
        console.print(f"No data: {', '.join(without_data)}", style="dim", highlight=False, soft_wrap=True)
    for name in names:
        if name not in states:
            yield f"Alarm {name} does not exist in CloudWatch. Run ./anb deploy to create it again."
        elif states[name] == "ALARM":
            yield f"Alarm {name} is in ALARM: {reasons[name]} See docs/alarms.md."
