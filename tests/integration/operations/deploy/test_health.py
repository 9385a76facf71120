"""Waiting for instances to be in service, and explanations with the end of the boot log."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from constructs_lib.compute.rollout_function import GroupRollout
from emulator import aws
from emulator.autoscaling import CLOCK_TAG
from operations.deploy import rollouts
from operations.deploy.health import (
    DeployedGroup,
    GroupHealth,
    GroupInstance,
    InstanceRefresh,
    find_groups,
    read_health,
)
from operations.deploy.rollouts import explain_failure, retry_rollout, wait_until_in_service
from operations.deploy.states import TerraformState
from tests.alarms import put_alarm
from workspace.errors import UserError

GROUP = DeployedGroup(name="anb-api-asg", log_groups=("/anb/portal",))
HEALTHY = GroupInstance(id="i-1", lifecycle="InService", health="Healthy", targets=("healthy",))


ROLLED_OUT = DeployedGroup(
    name="anb-api-asg", log_groups=(), launch_template="lt-1", version="3", function="anb-portal-rollout"
)
NO_CLIENT: Any = None
"""For checks that call no AWS."""


def health_of(*instances: GroupInstance, desired: int = 1) -> GroupHealth:
    return GroupHealth(group=GROUP, desired=desired, instances=instances)


def running(versions: str, *, saved: str, refresh: InstanceRefresh | None = None) -> GroupHealth:
    """Health of a group that should run version 3."""
    instances = tuple(
        GroupInstance(id=f"i-{number}", lifecycle="InService", health="Healthy", template=version)
        for number, version in enumerate(versions.split())
    )
    return GroupHealth(group=ROLLED_OUT, desired=len(instances), instances=instances, saved=saved, refresh=refresh)


@pytest.mark.parametrize(
    "instance",
    [
        GroupInstance(id="i-2", lifecycle="Pending:Wait", health="Healthy"),
        GroupInstance(id="i-2", lifecycle="InService", health="Unhealthy"),
        GroupInstance(id="i-2", lifecycle="InService", health="Healthy", targets=("unhealthy: Target.Timeout",)),
        GroupInstance(id="i-2", lifecycle="InService", health="Healthy", targets=("healthy", "not registered")),
    ],
)
def test_instance_is_in_service_if_all_checks_agree(instance: GroupInstance) -> None:
    assert HEALTHY.in_service and not instance.in_service
    assert health_of(HEALTHY).ready and not health_of(HEALTHY, instance, desired=2).ready


def test_empty_group_is_ready() -> None:
    assert health_of(desired=0).ready


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Baking", "RollbackInProgress", "Cancelling"])
def test_refresh_in_progress_is_not_ready(status: str) -> None:
    health = running("3", saved="3", refresh=InstanceRefresh(id="r", status=status, version="3"))
    assert not health.ready and not health.behind
    assert running("3", saved="3", refresh=InstanceRefresh(id="r", status="Successful", version="3")).ready


@pytest.mark.parametrize(("versions", "saved"), [("2", "2"), ("2 3", "2"), ("3", "2"), ("2", "3")])
def test_group_without_the_latest_version_is_behind(versions: str, saved: str) -> None:
    assert running(versions, saved=saved).behind and not running(versions, saved=saved).ready
    assert running("3 3", saved="3").ready


def test_old_rollback_does_not_matter_once_the_version_runs() -> None:
    assert running("3", saved="3", refresh=InstanceRefresh(id="r", status="RollbackSuccessful", version="2")).ready


def test_progress_shows_the_refresh() -> None:
    refresh = InstanceRefresh(id="r", status="InProgress", version="3", percentage=40)
    assert str(running("2 3", saved="2", refresh=refresh)) == "anb-api-asg 2 of 2, refresh InProgress 40 %"


@pytest.fixture
def client(aws_port: int) -> Callable[[str], Any]:
    return lambda service: aws.client(service, aws_port)


@pytest.fixture
def group(client: Callable[[str], Any]) -> Iterator[DeployedGroup]:
    """A group of two instances behind a target group, with a log group."""
    name = f"health-{uuid.uuid4().hex[:8]}"
    ec2, scaling = client("ec2"), client("autoscaling")
    subnet = ec2.describe_subnets()["Subnets"][0]
    targets = client("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=subnet["VpcId"])
    ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-04681a1dbd79675a5", "InstanceType": "t3.small"}
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        MinSize=2,
        MaxSize=2,
        VPCZoneIdentifier=subnet["SubnetId"],
        TargetGroupARNs=[targets["TargetGroups"][0]["TargetGroupArn"]],
    )
    client("logs").create_log_group(logGroupName=f"/{name}")
    yield DeployedGroup(name=name, log_groups=(f"/{name}", "/not-there"))
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    ec2.delete_launch_template(LaunchTemplateName=name)


def set_unhealthy(client: Callable[[str], Any], instance: str) -> None:
    client("autoscaling").set_instance_health(InstanceId=instance, HealthStatus="Unhealthy")


def write_boot_log(client: Callable[[str], Any], group: DeployedGroup, instance: str, count: int) -> None:
    logs, stream = client("logs"), f"boot/{instance}"
    logs.create_log_stream(logGroupName=group.log_groups[0], logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": f"line {number}"} for number in range(count)]
    logs.put_log_events(logGroupName=group.log_groups[0], logStreamName=stream, logEvents=events)


def test_wait_ends_when_all_instances_are_in_service(client: Callable[[str], Any], group: DeployedGroup) -> None:
    progress: list[str] = []
    (health,) = wait_until_in_service([group], client, progress.append)
    assert (health.desired, len(health.instances), progress) == (2, 2, [f"{group.name} 2 of 2"])


def test_unhealthy_instance_is_named_with_its_boot_log(client: Callable[[str], Any], group: DeployedGroup) -> None:
    broken, fine = sorted(instance.id for instance in read_health(group, client).instances)
    set_unhealthy(client, broken)
    write_boot_log(client, group, broken, 50)
    write_boot_log(client, group, fine, 3)

    with pytest.raises(UserError) as caught:
        wait_until_in_service([group], client, lambda _: None, patience_seconds=0, pause_seconds=0)

    lines = caught.value.message.splitlines()
    assert lines[0] == f"{group.name} has 1 of 2 instances in service."
    assert lines[1].strip().startswith(f"{broken} is InService, Unhealthy")
    start = lines.index(f"  End of the boot log, {group.log_groups[0]} boot/{broken}:")
    assert lines[start + 1 :] == [f"    line {number}" for number in range(30, 50)]


def test_boot_log_of_an_abandoned_launch_is_shown(client: Callable[[str], Any], group: DeployedGroup) -> None:
    write_boot_log(client, group, "i-00000000000000000", 2)
    lines = list(explain_failure(without_instances(group, desired=1), client))
    assert f"  End of the boot log, {group.log_groups[0]} boot/i-00000000000000000:" in lines
    assert lines[-2:] == ["    line 0", "    line 1"]


def without_instances(group: DeployedGroup, desired: int) -> GroupHealth:
    return GroupHealth(group=group, desired=desired, instances=())


def test_healthy_group_needs_no_explanation(client: Callable[[str], Any], group: DeployedGroup) -> None:
    assert list(explain_failure(without_instances(group, desired=0), client)) == []


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ("RollbackSuccessful", "was rolled back; version 2 runs."),
        ("RollbackFailed", "failed, and could not be rolled back; version 2 runs."),
        ("Failed", "failed, and was not rolled back; version 2 runs."),
        ("Cancelled", "was cancelled; version 2 runs."),
    ],
)
def test_ended_rollout_is_explained(
    client: Callable[[str], Any], group: DeployedGroup, status: str, ending: str
) -> None:
    refresh = InstanceRefresh(id="r", status=status, version="3", reason="An alarm went off")
    health = dataclasses.replace(running("2 2", saved="2", refresh=refresh), group=rolled_out(group))
    assert list(explain_failure(health, client))[:3] == [
        f"{group.name}: version 3 of its launch template {ending}",
        "  Reason: An alarm went off",
        "  Fix: deploy a corrected release, or run ./anb deploy, which offers to roll out version 3 again.",
    ]


def test_version_that_was_never_rolled_out_is_explained(client: Callable[[str], Any], group: DeployedGroup) -> None:
    refresh = InstanceRefresh(id="r", status="Successful", version="2", reason="ignored")
    health = dataclasses.replace(running("1 2", saved="2", refresh=refresh), group=rolled_out(group))
    lines = list(explain_failure(health, client))
    assert lines[0] == f"{group.name}: version 3 of its launch template was not rolled out; versions 1 and 2 run."
    assert "ignored" not in str(lines)


def rolled_out(group: DeployedGroup) -> DeployedGroup:
    return dataclasses.replace(group, launch_template="lt-1", version="3", function="anb-portal-rollout")


@pytest.fixture
def second_version(client: Callable[[str], Any], group: DeployedGroup) -> DeployedGroup:
    """The group, whose launch template has a second version that does not run yet."""
    created = client("ec2").create_launch_template_version(
        LaunchTemplateName=group.name,
        LaunchTemplateData={"ImageId": "ami-04681a1dbd79675a5", "InstanceType": "t3.small"},
    )
    template = created["LaunchTemplateVersion"]["LaunchTemplateId"]
    return dataclasses.replace(group, launch_template=template, version="2", function="rollout")


def start_rollout(client: Callable[[str], Any], group: DeployedGroup, *alarms: str) -> None:
    preferences = {"AutoRollback": True, "SkipMatching": True}
    rollout = GroupRollout(
        client("autoscaling"), client("cloudwatch"), group=group.name, preferences=preferences, alarms=alarms
    )
    assert rollout.start(group.launch_template, group.version, seconds=10)["outcome"] == "started"


def set_clock(client: Callable[[str], Any], group: DeployedGroup, seconds: int) -> None:
    tag = {"ResourceId": group.name, "ResourceType": "auto-scaling-group", "Key": CLOCK_TAG, "Value": str(seconds)}
    client("autoscaling").create_or_update_tags(Tags=[{**tag, "PropagateAtLaunch": False}])


def test_wait_ends_when_the_rollout_has_succeeded(client: Callable[[str], Any], second_version: DeployedGroup) -> None:
    set_clock(client, second_version, 0)
    start_rollout(client, second_version)
    clock, notes = itertools.count(0, 120), []

    def on_progress(note: str) -> None:
        notes.append(note)
        set_clock(client, second_version, next(clock))

    (health,) = wait_until_in_service([second_version], client, on_progress, pause_seconds=0)

    assert {instance.template for instance in health.instances} == {"2"} and health.saved == "2"
    assert f"{second_version.name} 2 of 2, refresh InProgress 50 %" in notes


def test_rolled_back_rollout_names_alarm_and_version(
    client: Callable[[str], Any], second_version: DeployedGroup
) -> None:
    cloudwatch, alarm = client("cloudwatch"), f"{second_version.name}-errors"
    put_alarm(cloudwatch, alarm)
    set_clock(client, second_version, 0)
    start_rollout(client, second_version, alarm)
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="5 errors.")
    clock = itertools.count(0, 120)

    with pytest.raises(UserError) as caught:
        wait_until_in_service(
            [second_version],
            client,
            lambda _: set_clock(client, second_version, next(clock)),
            pause_seconds=0,
        )
    cloudwatch.delete_alarms(AlarmNames=[alarm])

    lines = caught.value.message.splitlines()
    assert lines[0] == f"{second_version.name}: version 2 of its launch template was rolled back; version 1 runs."
    assert lines[1].startswith("  Reason: ") and alarm in lines[1]
    assert lines[2] == f"  Alarm {alarm} is in ALARM: 5 errors."
    assert lines[3].startswith("  Fix: deploy a corrected release, or run ./anb deploy")


def scripted(monkeypatch: pytest.MonkeyPatch, *healths: GroupHealth, step: float) -> list[float]:
    """Health at each check, with this time in seconds between two checks; returns the times of the checks."""
    times, script = [0.0], iter(healths)

    def read(*_: object) -> GroupHealth:
        times.append(times[-1] + step)
        return next(script)

    monkeypatch.setattr(rollouts, "read_health", read)
    monkeypatch.setattr(rollouts.time, "monotonic", lambda: times[-1])
    monkeypatch.setattr(rollouts, "explain_failure", lambda health, _: iter([str(health)]))
    return times


def refreshed(percentage: int, status: str = "InProgress") -> GroupHealth:
    refresh = InstanceRefresh(id="r", status=status, version="3", percentage=percentage)
    return dataclasses.replace(running("2 3", saved="2", refresh=refresh), patience_seconds=100)


def test_wait_goes_on_while_a_refresh_progresses(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [*(refreshed(percentage) for percentage in range(0, 100, 10)), running("3 3", saved="3")]
    times = scripted(monkeypatch, *steps, step=90)

    assert wait_until_in_service([ROLLED_OUT], NO_CLIENT, lambda _: None, pause_seconds=0)[0].ready
    assert times[-1] == 11 * 90


def test_wait_ends_without_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    times = scripted(monkeypatch, *itertools.repeat(refreshed(50), 20), step=40)

    with pytest.raises(UserError, match="refresh InProgress 50 %"):
        wait_until_in_service([ROLLED_OUT], NO_CLIENT, lambda _: None, pause_seconds=0)
    assert times[-1] == 4 * 40


def test_rollback_counts_down(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [refreshed(percentage, "RollbackInProgress") for percentage in range(90, 0, -30)]
    times = scripted(monkeypatch, refreshed(90), *steps, running("2", saved="2"), step=90)

    with pytest.raises(UserError, match="anb-api-asg 1 of 1"):
        wait_until_in_service([ROLLED_OUT], NO_CLIENT, lambda _: None, pause_seconds=0)
    assert times[-1] == 5 * 90


def test_instances_that_fail_again_and_again_are_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = dataclasses.replace(health_of(dataclasses.replace(HEALTHY, health="Unhealthy")), patience_seconds=100)
    serving = dataclasses.replace(health_of(HEALTHY, desired=2), patience_seconds=100)
    times = scripted(monkeypatch, *([serving, failing] * 10), step=40)

    with pytest.raises(UserError):
        wait_until_in_service([GROUP], NO_CLIENT, lambda _: None, pause_seconds=0)
    assert times[-1] == 4 * 40


def test_patience_covers_hooks_warm_up_and_a_failed_launch(client: Callable[[str], Any], group: DeployedGroup) -> None:
    for transition, seconds in (("LAUNCHING", 600), ("TERMINATING", 980)):
        client("autoscaling").put_lifecycle_hook(
            AutoScalingGroupName=group.name,
            LifecycleHookName=transition.lower(),
            LifecycleTransition=f"autoscaling:EC2_INSTANCE_{transition}",
            HeartbeatTimeout=seconds,
        )
    client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=group.name, HealthCheckGracePeriod=240)

    assert read_health(group, client).patience_seconds == 2 * 600 + 240 + 980 + 300


class FakeLambda:
    """Lambda's client with a fixed answer."""

    def __init__(self, payload: dict[str, str], **answer: str) -> None:
        self._answer = {**answer, "Payload": io.BytesIO(json.dumps(payload).encode())}

    def invoke(self, **call: Any) -> dict[str, Any]:
        assert call["FunctionName"] == "anb-portal-rollout"
        assert json.loads(call["Payload"]) == {"launch_template": "lt-1", "version": "3"}
        return self._answer


def test_rollout_is_retried_by_its_function() -> None:
    fake = FakeLambda({"detail": "refresh r was started"})
    assert retry_rollout(ROLLED_OUT, lambda _: fake) == "refresh r was started"


def test_failed_retry_is_an_error() -> None:
    fake = FakeLambda({"errorMessage": "anb-api-asg: version 3 is being rolled back"}, FunctionError="Unhandled")
    with pytest.raises(UserError, match=r"^Version 3 is not rolled out\. anb-api-asg: version 3 is being rolled back$"):
        retry_rollout(ROLLED_OUT, lambda _: fake)


def test_groups_are_found_with_the_log_groups_of_their_stack() -> None:
    call = json.dumps({"launch_template": "lt-1", "version": "3"})
    resources = (
        ("aws_autoscaling_group", "it", {"name": "anb-api-asg", "launch_template": [{"id": "lt-1", "version": "1"}]}),
        ("aws_cloudwatch_log_group", "it", {"name": "/anb/portal"}),
        ("aws_launch_template", "it", {"id": "lt-1", "latest_version": 3}),
        ("aws_lambda_invocation", "it", {"input": call, "function_name": "anb-portal-rollout"}),
    )
    other = ("aws_cloudwatch_log_group", "it", {"name": "/vpc"})
    assert find_groups({"network": TerraformState({}, (other,)), "portal": TerraformState({}, resources)}) == [
        dataclasses.replace(ROLLED_OUT, log_groups=("/anb/portal",))
    ]
