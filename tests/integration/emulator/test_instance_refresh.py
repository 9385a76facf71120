"""Instance refreshes follow AWS's documents: one test a rule, with the group's clock set by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator import aws
from emulator.autoscaling import ABANDON, CLOCK_TAG, CONTINUE
from tests.alarms import put_alarm

WARMUP = 60
HOUR = 3600
IMAGE = "ami-12c6146b"
PREFERENCES = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150, "InstanceWarmup": WARMUP, "SkipMatching": True}
HOOKS = {"launching": "autoscaling:EC2_INSTANCE_LAUNCHING", "terminating": "autoscaling:EC2_INSTANCE_TERMINATING"}


class Group:
    """An Auto Scaling group whose launch template has two versions; the group uses the first.

    Args:
        port: port of the AWS emulator.
        desired: number of instances.
        version: saved version.
        image: image of both versions.
    """

    def __init__(self, port: int, *, desired: int = 2, version: str = "1", image: str = IMAGE) -> None:
        self.scaling, self.ec2 = aws.client("autoscaling", port), aws.client("ec2", port)
        self.name = f"group-{uuid.uuid4().hex[:8]}"
        data = {"ImageId": image, "InstanceType": "t3.small"}
        template = self.ec2.create_launch_template(LaunchTemplateName=self.name, LaunchTemplateData=data)
        self.template: str = template["LaunchTemplate"]["LaunchTemplateId"]
        self.ec2.create_launch_template_version(LaunchTemplateId=self.template, LaunchTemplateData=data)
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName=self.name,
            MinSize=0,
            MaxSize=10,
            DesiredCapacity=desired,
            AvailabilityZones=["us-east-1a"],
            LaunchTemplate=self.specification(version),
        )

    def specification(self, version: str) -> dict[str, str]:
        return {"LaunchTemplateId": self.template, "Version": version}

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.scaling, action)(AutoScalingGroupName=self.name, **parameters)
        return answer

    def start(self, *, version: str | None = "2", **preferences: Any) -> None:
        desired = {"DesiredConfiguration": {"LaunchTemplate": self.specification(version)}} if version else {}
        self.call("start_instance_refresh", Preferences={**PREFERENCES, **preferences}, **desired)

    def set_clock(self, seconds: float) -> None:
        tag = {"ResourceId": self.name, "ResourceType": "auto-scaling-group", "Key": CLOCK_TAG, "Value": str(seconds)}
        self.scaling.create_or_update_tags(Tags=[{**tag, "PropagateAtLaunch": False}])

    def add_hook(self, name: str, *, timeout: int = 300) -> None:
        self.call(
            "put_lifecycle_hook",
            LifecycleHookName=name,
            LifecycleTransition=HOOKS[name],
            HeartbeatTimeout=timeout,
            DefaultResult=ABANDON,
        )

    def complete(self, hook: str, result: str = CONTINUE) -> list[str]:
        """Complete a lifecycle action for all instances that wait; return their ids."""
        state = {"launching": "Pending:Wait", "terminating": "Terminating:Wait"}[hook]
        waiting = self.ids(state=state)
        for instance in waiting:
            self.call(
                "complete_lifecycle_action", LifecycleHookName=hook, InstanceId=instance, LifecycleActionResult=result
            )
        return waiting

    def describe(self) -> dict[str, Any]:
        (group,) = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
        found: dict[str, Any] = group
        return found

    @property
    def saved_version(self) -> str:
        version: str = self.describe()["LaunchTemplate"]["Version"]
        return version

    @property
    def refresh(self) -> dict[str, Any]:
        refresh: dict[str, Any] = self.call("describe_instance_refreshes", MaxRecords=1)["InstanceRefreshes"][0]
        return refresh

    @property
    def status(self) -> str:
        status: str = self.refresh["Status"]
        return status

    @property
    def versions(self) -> list[str]:
        """Versions of the instances in service, in order."""
        instances = self.describe()["Instances"]
        return sorted(each["LaunchTemplate"]["Version"] for each in instances if each["LifecycleState"] == "InService")

    def ids(self, *, state: str = "InService", version: str | None = None) -> list[str]:
        return [
            each["InstanceId"]
            for each in self.describe()["Instances"]
            if each["LifecycleState"] == state and version in (None, each["LaunchTemplate"]["Version"])
        ]


@pytest.fixture
def group(aws_port: int) -> Group:
    return Group(aws_port)


@pytest.fixture
def stepped(group: Group) -> Group:
    """A group with a clock: nothing happens before the clock is set."""
    group.set_clock(0)
    return group


@pytest.fixture
def alarm(aws_port: int) -> Callable[[str], str]:
    """A function that sets the state of an alarm, and returns its name."""
    client, name = aws.client("cloudwatch", aws_port), f"alarm-{uuid.uuid4().hex[:8]}"
    put_alarm(client, name)

    def set_state(state: str) -> str:
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")
        return name

    return set_state


def test_refresh_without_a_clock_ends_at_once(group: Group) -> None:
    before = group.ids()
    group.start(AutoRollback=True)
    refresh = group.refresh
    assert (refresh["Status"], refresh["PercentageComplete"], refresh["InstancesToUpdate"]) == ("Successful", 100, 0)
    assert refresh["EndTime"] >= refresh["StartTime"]
    assert group.versions == ["2", "2"]
    assert group.saved_version == "2"
    states = group.ec2.describe_instances(InstanceIds=before)["Reservations"]
    assert {each["State"]["Name"] for reservation in states for each in reservation["Instances"]} == {"terminated"}


def test_new_instances_launch_before_old_ones_terminate(stepped: Group) -> None:
    stepped.start()
    seen = []
    for seconds in (0, WARMUP - 1, WARMUP, 2 * WARMUP):
        stepped.set_clock(seconds)
        seen.append((stepped.versions, stepped.refresh["PercentageComplete"], stepped.saved_version))
    assert seen == [
        (["1", "1", "2"], 0, "1"),
        (["1", "1", "2"], 0, "1"),
        (["1", "2", "2"], 50, "1"),
        (["2", "2"], 100, "2"),
    ]
    assert stepped.status == "Successful"


@pytest.mark.parametrize(
    ("desired", "minimum", "maximum", "expected"),
    [
        (4, 100, 150, ["1"] * 4 + ["2"] * 2),
        (4, 100, 200, ["1"] * 4 + ["2"] * 4),
        (1, 100, 100, ["1", "2"]),
        (1, 100, 150, ["1", "2"]),
        (4, 50, None, ["1", "1", "2", "2"]),
        (4, 0, None, ["2"] * 4),
        (2, 90, None, ["1", "2"]),
        (1, 90, 100, ["1", "2"]),
    ],
)
def test_first_batch_keeps_the_healthy_percentages(
    aws_port: int, desired: int, minimum: int, maximum: int | None, expected: list[str]
) -> None:
    group = Group(aws_port, desired=desired)
    group.set_clock(0)
    preferences = {"MinHealthyPercentage": minimum, "InstanceWarmup": WARMUP}
    limits = {"MaxHealthyPercentage": maximum} if maximum else {}
    group.call(
        "start_instance_refresh",
        DesiredConfiguration={"LaunchTemplate": group.specification("2")},
        Preferences={**preferences, **limits},
    )
    assert group.versions == expected


def test_second_refresh_is_refused(stepped: Group) -> None:
    stepped.start()
    with pytest.raises(ClientError, match="already in progress") as refused:
        stepped.start()
    assert refused.value.response["Error"]["Code"] == "InstanceRefreshInProgress"
    stepped.set_clock(2 * WARMUP)
    stepped.set_clock(4 * WARMUP)
    stepped.start(version="1")
    assert [each["Status"] for each in stepped.call("describe_instance_refreshes")["InstanceRefreshes"]] == [
        "InProgress",
        "Successful",
    ]


def test_scale_out_in_a_refresh_uses_desired_configuration(stepped: Group) -> None:
    """AWS: "launches new instances with the desired configuration instead of the group's current settings"."""
    stepped.start()
    stepped.call("set_desired_capacity", DesiredCapacity=4)
    assert stepped.versions.count("1") == 2
    assert stepped.versions.count("2") >= 2
    for step in range(1, 5):
        stepped.set_clock(step * WARMUP)
    assert stepped.versions == ["2"] * 4


def test_scale_in_during_a_refresh_ends_with_the_desired_number(aws_port: int) -> None:
    group = Group(aws_port, desired=4)
    group.set_clock(0)
    group.start()
    group.call("set_desired_capacity", DesiredCapacity=1)
    for step in range(1, 5):
        group.set_clock(step * WARMUP)
    assert (group.status, group.versions) == ("Successful", ["2"])


def test_alarm_rolls_back_to_the_saved_configuration(stepped: Group, alarm: Callable[[str], str]) -> None:
    stepped.start(AutoRollback=True, AlarmSpecification={"Alarms": [alarm("OK")]})
    stepped.set_clock(WARMUP)
    assert stepped.versions == ["1", "2", "2"]
    name = alarm("ALARM")
    assert stepped.status == "RollbackInProgress"
    assert stepped.versions == ["1", "1", "2"]
    stepped.set_clock(2 * WARMUP)
    refresh = stepped.refresh
    assert refresh["Status"] == "RollbackSuccessful"
    assert refresh["PercentageComplete"] == 0
    details = refresh["RollbackDetails"]
    assert name in details["RollbackReason"]
    assert (details["PercentageCompleteOnRollback"], details["InstancesToUpdateOnRollback"]) == (50, 1)
    assert stepped.versions == ["1", "1"]
    assert stepped.saved_version == "1"


def test_rollback_returns_to_a_bad_version_that_was_saved_first(group: Group, alarm: Callable[[str], str]) -> None:
    """Terraform's provider updates the group first: https://github.com/hashicorp/terraform-provider-aws/issues/34189"""
    group.call("update_auto_scaling_group", LaunchTemplate=group.specification("2"))
    group.set_clock(0)
    group.start(AutoRollback=True, AlarmSpecification={"Alarms": [alarm("OK")]})
    group.set_clock(WARMUP)
    alarm("ALARM")
    group.set_clock(2 * WARMUP)
    group.set_clock(3 * WARMUP)
    assert group.status == "RollbackSuccessful"
    assert "2" in group.versions
    assert group.saved_version == "2"


def test_scale_out_in_a_rollback_uses_saved_configuration(stepped: Group, alarm: Callable[[str], str]) -> None:
    stepped.start(AutoRollback=True, AlarmSpecification={"Alarms": [alarm("OK")]})
    alarm("ALARM")
    stepped.call("set_desired_capacity", DesiredCapacity=4)
    stepped.set_clock(WARMUP)
    assert (stepped.status, stepped.versions) == ("RollbackSuccessful", ["1"] * 4)


def test_alarm_without_rollback_fails_the_refresh(stepped: Group, alarm: Callable[[str], str]) -> None:
    stepped.start(AlarmSpecification={"Alarms": [alarm("OK")]})
    stepped.set_clock(WARMUP)
    alarm("ALARM")
    assert stepped.status == "Failed"
    assert stepped.versions == ["2", "2"]
    stepped.call("set_desired_capacity", DesiredCapacity=3)
    assert stepped.versions == ["1", "2", "2"]
    assert stepped.saved_version == "1"


def test_alarm_that_is_on_rolls_back_before_any_launch(stepped: Group, alarm: Callable[[str], str]) -> None:
    before = stepped.ids()
    stepped.start(AutoRollback=True, AlarmSpecification={"Alarms": [alarm("ALARM")]})
    assert stepped.status == "RollbackSuccessful"
    assert stepped.ids() == before


def test_release_that_is_never_ready_rolls_back_after_an_hour(stepped: Group) -> None:
    stepped.add_hook("launching")
    stepped.start(AutoRollback=True)
    for seconds in range(0, HOUR, 600):
        stepped.set_clock(seconds)
        assert len(stepped.complete("launching", ABANDON)) == 1
        assert (stepped.status, stepped.versions) == ("InProgress", ["1", "1"])
    stepped.set_clock(HOUR)
    assert (stepped.status, stepped.versions) == ("RollbackSuccessful", ["1", "1"])
    assert "No instance could be replaced for 60 minutes" in stepped.refresh["RollbackDetails"]["RollbackReason"]
    assert len(stepped.describe()["Instances"]) == 2


def test_rollback_that_launches_nothing_healthy_fails(stepped: Group, alarm: Callable[[str], str]) -> None:
    stepped.start(AutoRollback=True, AlarmSpecification={"Alarms": [alarm("OK")]})
    stepped.set_clock(WARMUP)
    stepped.add_hook("launching")
    alarm("ALARM")
    for seconds in (0, HOUR - 1, HOUR):
        stepped.set_clock(WARMUP + seconds)
        stepped.complete("launching", ABANDON)
    assert stepped.status == "RollbackFailed"


def test_unhealthy_new_instance_is_replaced(stepped: Group) -> None:
    stepped.start()
    (bad,) = stepped.ids(version="2")
    stepped.scaling.set_instance_health(InstanceId=bad, HealthStatus="Unhealthy")
    assert bad not in stepped.ids()
    assert stepped.versions == ["1", "1", "2"]
    assert "did not become healthy" in stepped.refresh["StatusReason"]


def test_manual_rollback(stepped: Group) -> None:
    stepped.start()
    stepped.set_clock(WARMUP)
    answer = stepped.call("rollback_instance_refresh")
    assert answer["InstanceRefreshId"] == stepped.refresh["InstanceRefreshId"]
    assert stepped.status == "RollbackInProgress"
    stepped.set_clock(2 * WARMUP)
    assert (stepped.status, stepped.versions) == ("RollbackSuccessful", ["1", "1"])


@pytest.mark.parametrize("action", ["rollback_instance_refresh", "cancel_instance_refresh"])
def test_without_an_active_refresh_there_is_nothing_to_end(group: Group, action: str) -> None:
    with pytest.raises(ClientError, match="No in progress or pending Instance Refresh found") as refused:
        group.call(action)
    assert refused.value.response["Error"]["Code"] == "ActiveInstanceRefreshNotFound"


def test_refresh_without_a_change_cannot_be_rolled_back(stepped: Group) -> None:
    stepped.start(version=None, SkipMatching=False)
    with pytest.raises(ClientError) as refused:
        stepped.call("rollback_instance_refresh")
    assert refused.value.response["Error"]["Code"] == "IrreversibleInstanceRefresh"


def test_cancelled_refresh_keeps_its_new_instances(stepped: Group) -> None:
    stepped.start()
    stepped.set_clock(WARMUP)
    stepped.call("cancel_instance_refresh")
    assert stepped.status == "Cancelled"
    assert stepped.versions == ["2", "2"]
    assert stepped.saved_version == "1"


def test_cancelling_waits_for_launches(stepped: Group) -> None:
    stepped.add_hook("launching")
    stepped.start()
    stepped.call("cancel_instance_refresh")
    assert stepped.status == "Cancelling"
    stepped.complete("launching")
    assert stepped.status == "Cancelled"
    assert len(stepped.versions) == 2


def test_cancelling_without_waiting_ends_at_once(stepped: Group) -> None:
    stepped.add_hook("launching")
    stepped.start()
    stepped.call("cancel_instance_refresh", WaitForTransitioningInstances=False)
    assert stepped.status == "Cancelled"
    stepped.start(version="1")
    assert (stepped.status, stepped.versions) == ("Successful", ["1", "1"])


def test_instances_that_match_are_skipped(stepped: Group) -> None:
    before = stepped.ids()
    stepped.start(version="1")
    assert (stepped.status, stepped.ids(), stepped.refresh["PercentageComplete"]) == ("Successful", before, 100)
    stepped.start(version="1", SkipMatching=False)
    assert stepped.status == "InProgress"


def test_bake_time_watches_the_alarms_before_success(stepped: Group, alarm: Callable[[str], str]) -> None:
    preferences = {"AutoRollback": True, "BakeTime": 300, "AlarmSpecification": {"Alarms": [alarm("OK")]}}
    stepped.start(**preferences)
    stepped.set_clock(WARMUP)
    stepped.set_clock(2 * WARMUP)
    assert (stepped.status, stepped.versions, stepped.saved_version) == ("Baking", ["2", "2"], "1")
    alarm("ALARM")
    assert stepped.status == "RollbackInProgress"
    for step in (3, 4, 5):
        stepped.set_clock(step * WARMUP)
    assert (stepped.status, stepped.versions) == ("RollbackSuccessful", ["1", "1"])
    alarm("OK")
    stepped.start(**preferences)
    stepped.set_clock(1000)
    stepped.set_clock(2000)
    stepped.set_clock(3000)
    assert (stepped.status, stepped.saved_version) == ("Successful", "2")


@pytest.mark.parametrize(
    ("choice", "expected"), [("Refresh", ["2", "2"]), ("Ignore", ["1", "2"]), ("Wait", ["1", "2"])]
)
def test_protected_instances(stepped: Group, choice: str, expected: list[str]) -> None:
    protected = stepped.ids()[0]
    stepped.call("set_instance_protection", InstanceIds=[protected], ProtectedFromScaleIn=True)
    stepped.start(ScaleInProtectedInstances=choice)
    for step in range(1, 4):
        stepped.set_clock(step * WARMUP)
    assert stepped.versions[:2] == expected
    if choice == "Wait":
        assert stepped.status == "InProgress"
        assert f"Waiting for instance {protected}, which is protected" in stepped.refresh["StatusReason"]
        stepped.set_clock(3 * HOUR)
        assert stepped.status == "Failed"
    else:
        assert stepped.status == "Successful"


def test_launch_template_is_locked_during_a_refresh(stepped: Group) -> None:
    stepped.start()
    with pytest.raises(ClientError, match="An active instance refresh with a desired configuration exists"):
        stepped.call("update_auto_scaling_group", LaunchTemplate=stepped.specification("1"))
    stepped.call("update_auto_scaling_group", MaxSize=20)
    assert stepped.describe()["MaxSize"] == 20


def test_new_instance_waits_for_its_hook_before_the_warm_up(stepped: Group) -> None:
    stepped.add_hook("launching", timeout=600)
    stepped.start()
    stepped.set_clock(500)
    assert stepped.versions == ["1", "1"]
    stepped.complete("launching")
    assert stepped.versions == ["1", "1", "2"]
    stepped.set_clock(500 + WARMUP - 1)
    assert stepped.refresh["PercentageComplete"] == 0
    stepped.set_clock(500 + WARMUP)
    assert stepped.refresh["PercentageComplete"] == 50


def test_launch_without_a_report_is_abandoned(stepped: Group) -> None:
    stepped.add_hook("launching", timeout=300)
    stepped.start()
    (first,) = stepped.ids(state="Pending:Wait")
    stepped.set_clock(200)
    stepped.call("record_lifecycle_action_heartbeat", LifecycleHookName="launching", InstanceId=first)
    stepped.set_clock(400)
    assert stepped.ids(state="Pending:Wait") == [first]
    stepped.set_clock(500)
    (second,) = stepped.ids(state="Pending:Wait")
    assert second != first


def test_terminating_instance_leaves_its_target_group_and_waits(aws_port: int, stepped: Group) -> None:
    balancing = aws.client("elbv2", aws_port)
    network = stepped.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    target = balancing.create_target_group(Name=stepped.name, Protocol="HTTP", Port=80, VpcId=network)
    arn = target["TargetGroups"][0]["TargetGroupArn"]
    stepped.call("attach_load_balancer_target_groups", TargetGroupARNs=[arn])
    stepped.add_hook("terminating")
    stepped.start()
    stepped.set_clock(WARMUP)
    (leaving,) = stepped.ids(state="Terminating:Wait")
    described = balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    registered = {each["Target"]["Id"] for each in described if each["TargetHealth"]["State"] == "healthy"}
    assert registered == set(stepped.ids())
    assert stepped.complete("terminating") == [leaving]
    assert leaving not in {each["InstanceId"] for each in stepped.describe()["Instances"]}


def test_pending_instance_is_terminated_before_its_registration(aws_port: int, stepped: Group) -> None:
    network = stepped.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    target = aws.client("elbv2", aws_port).create_target_group(
        Name=stepped.name, Protocol="HTTP", Port=80, VpcId=network
    )
    arn = target["TargetGroups"][0]["TargetGroupArn"]
    stepped.call("attach_load_balancer_target_groups", TargetGroupARNs=[arn])
    stepped.add_hook("launching")
    stepped.start()
    assert len(stepped.ids(state="Pending:Wait")) == 1
    stepped.call("rollback_instance_refresh")
    assert (stepped.status, stepped.ids(state="Pending:Wait")) == ("RollbackSuccessful", [])


def test_deleted_group_ends_its_refresh(stepped: Group) -> None:
    stepped.add_hook("terminating")
    stepped.start()
    stepped.call("delete_auto_scaling_group", ForceDelete=True)
    assert not stepped.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[stepped.name])["AutoScalingGroups"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"AlarmSpecification": {"Alarms": [f"alarm-{number}" for number in range(11)]}}, "11 alarms; must be at most"),
        ({"MinHealthyPercentage": 40}, "must not exceed 100"),
        ({"MaxHealthyPercentage": 201}, "MaxHealthyPercentage is 201"),
        ({"CheckpointPercentages": [50, 100]}, "The emulator has no checkpoints"),
    ],
)
def test_impossible_preferences_are_refused(group: Group, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        group.start(**given)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_maximum_without_minimum_is_refused(group: Group) -> None:
    with pytest.raises(ClientError, match="MaxHealthyPercentage needs MinHealthyPercentage"):
        group.call("start_instance_refresh", Preferences={"MaxHealthyPercentage": 150})


def test_rollback_without_desired_configuration_is_refused(group: Group) -> None:
    with pytest.raises(ClientError, match="cannot be set to true when the DesiredConfiguration parameter is empty"):
        group.start(version=None, AutoRollback=True)


@pytest.mark.parametrize(
    "saved", [{"version": "$Latest"}, {"version": "$Default"}, {"image": "resolve:ssm:/aws/service/debian/13"}]
)
def test_rollback_to_an_unnumbered_version_is_refused(aws_port: int, saved: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="cannot be rolled back"):
        Group(aws_port, desired=0, **saved).start(AutoRollback=True)


def test_unknown_version_is_refused(group: Group) -> None:
    with pytest.raises(ClientError, match="Could not find the specified version 9"):
        group.start(version="9")


def test_defaults_are_those_of_aws(stepped: Group) -> None:
    stepped.call("start_instance_refresh")
    assert stepped.refresh["Preferences"] == {
        "MinHealthyPercentage": 90,
        "InstanceWarmup": 300,
        "SkipMatching": False,
        "AutoRollback": False,
        "ScaleInProtectedInstances": "Wait",
        "StandbyInstances": "Wait",
        "BakeTime": 0,
    }
