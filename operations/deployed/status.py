"""How a deployment stands: stacks, release, instances, queue, alarms, and what of them is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from operations.deploy.health import Client, find_groups, look, why_not
from operations.deploy.states import TerraformState
from operations.deployed import releases
from operations.deployed.deployed_state import DeployedStacks
from operations.deployed.scaling import SERVICES
from operations.queue.admin import age
from services.shared.queue import queue_state
from services.videos.dead_letters import dead_letter_url

_ALARMS = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
_NAMES_IN_A_CALL = 100
_OLDEST_WINDOW = timedelta(minutes=15)


def show(found: DeployedStacks, client: Client, console: Console, *, rolling: bool) -> list[str]:
    """Show all of it; returns what is not as it should be.

    Args:
        found: what stands.
        client: of where it is deployed.
        console: where it is shown.
        rolling: whether instances are replaced in turn there, so that a refresh can be under way.
    """
    console.print(f"Site: {found.output('application_url') or 'none yet'}", highlight=False, soft_wrap=True)
    return [
        *_stacks(found.states, console),
        *_instances(found, client, console, rolling=rolling),
        *_queue(found.output("sqs_queue_url"), client, console),
        *_alarms(found, client("cloudwatch"), console),
    ]


def _stacks(states: Mapping[str, TerraformState], console: Console) -> Iterator[str]:
    table = Table("stack", "resources", "")
    for name, state in states.items():
        note = "not applied" if state.empty else f"{len(state.tainted)} half made" if state.tainted else "applied"
        table.add_row(name, str(len(state.resources)), note)
        if note != "applied":
            yield f"The stack {name} is {note}: ./anb deploy goes on."
    console.print(table)


def _instances(found: DeployedStacks, client: Client, console: Console, *, rolling: bool) -> Iterator[str]:
    known = _releases(found.output("s3_bucket_name"), client("s3"), console)
    templates = {at["name"]: at["launch_template"][0]["id"] for at in found.attributes("aws_autoscaling_group")}
    table = Table("group", "instance", "zone", "lifecycle", "health", "load balancer", "template", "release")
    for group in find_groups(found.states):
        stands = look(group, client, rolling=rolling)
        runs = releases.of_template(client("ec2"), templates[group.name])
        for each in stands.instances:
            sha256 = runs.get(each.template, "")
            release = known.get(sha256, sha256[:12] or "unknown")
            targets = ", ".join(each.targets)
            table.add_row(group.name, each.id, each.zone, each.lifecycle, each.health, targets, each.template, release)
        if not stands.instances:
            table.add_row(group.name, "none", *[""] * 6)
        yield from why_not(stands, client)
    console.print(table)


def _releases(bucket: str, s3: Any, console: Console) -> dict[str, str]:
    """The releases by hash, of which the deployed ones are shown."""
    if not bucket:
        return {}
    known: dict[str, str] = {}
    for service in SERVICES:
        for number, each in enumerate(releases.history(s3, bucket, service)):
            known.setdefault(each.sha256, str(each))
            if number == 0:
                since = f"{each.deployed.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
                console.print(f"Release of the {service}: {each}, since {since}", highlight=False, soft_wrap=True)
    return known


def _queue(url: str, client: Client, console: Console) -> Iterator[str]:
    if not url:
        return
    sqs = client("sqs")
    dead_url = dead_letter_url(sqs, url)
    table = Table("queue", "waiting", "in flight", "delayed", "oldest")
    for name, each in (("videos", url), ("dead letters", dead_url)):
        if each is not None:
            state = queue_state(sqs, each)
            oldest = _oldest(client("cloudwatch"), each.rpartition("/")[2])
            table.add_row(name, str(state.visible), str(state.in_flight), str(state.delayed), oldest)
            if name == "dead letters" and state.visible:
                yield f"{state.visible} dead letters wait for somebody: docs/failures.md tells what to do."
    console.print(table)


def _oldest(cloudwatch: Any, queue: str) -> str:
    """The age of a queue's oldest message, which SQS tells to CloudWatch alone, a few minutes late."""
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
    return age(max(points, key=lambda point: point["Timestamp"])["Maximum"]) if points else "not told"


def _alarms(found: DeployedStacks, cloudwatch: Any, console: Console) -> Iterator[str]:
    names = [str(at["alarm_name"]) for kind in _ALARMS for at in found.attributes(kind)]
    states: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for first in range(0, len(names), _NAMES_IN_A_CALL):
        answer = cloudwatch.describe_alarms(
            AlarmNames=names[first : first + _NAMES_IN_A_CALL], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        for alarm in [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]:
            states[alarm["AlarmName"]] = alarm["StateValue"]
            reasons[alarm["AlarmName"]] = alarm.get("StateReason") or ""
    fine = sum(state == "OK" for state in states.values())
    console.print(f"Alarms: {fine} of {len(names)} are OK.", highlight=False)
    unsure = [name for name in names if states.get(name) == "INSUFFICIENT_DATA"]
    if unsure:
        console.print(f"Without data: {', '.join(unsure)}", style="dim", highlight=False, soft_wrap=True)
    for name in names:
        if name not in states:
            yield f"The alarm {name} is in the state and not in CloudWatch: ./anb deploy makes it again."
        elif states[name] == "ALARM":
            yield f"The alarm {name} is on: {reasons[name]} docs/alarms.md tells what it means."
