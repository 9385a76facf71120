"""The function that starts instance refreshes, with the responses that AWS documents."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from constructs_lib.compute import rollout_function
from constructs_lib.compute.rollout_function import GroupRollout, RolloutError

GROUP = "shop-web-asg"
TEMPLATE = "lt-0a1b2c3d4e5f60718"
BY_GROUP = {"AutoScalingGroupName": GROUP}
PREFERENCES = {"MinHealthyPercentage": 100, "AutoRollback": True, "SkipMatching": True}
ALARMS = ("shop-web-rollback-server-errors", "shop-web-rollback-unhealthy-hosts")


def launched_from(version: int) -> dict[str, str]:
    return {"LaunchTemplateId": TEMPLATE, "LaunchTemplateName": "shop-web", "Version": str(version)}


def instance(version: int, lifecycle: str = "InService") -> dict[str, Any]:
    return {
        "InstanceId": "i-1",
        "AvailabilityZone": "us-east-1a",
        "LifecycleState": lifecycle,
        "HealthStatus": "Healthy",
        "ProtectedFromScaleIn": False,
        "LaunchTemplate": launched_from(version),
    }


def refresh(status: str, version: int, **more: Any) -> dict[str, Any]:
    desired = {"LaunchTemplate": launched_from(version)}
    return {"InstanceRefreshId": f"refresh-{version}", "Status": status, "DesiredConfiguration": desired, **more}


class Aws:
    """AWS with scripted responses; each call must have the expected parameters."""

    def __init__(self) -> None:
        keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.clients = {name: boto3.client(name, **keys) for name in ("autoscaling", "cloudwatch")}
        self.scaling, self.cloudwatch = (Stubber(client) for client in self.clients.values())
        self.slept: list[float] = []

    def rollout(self, alarms: tuple[str, ...] = ()) -> GroupRollout:
        return GroupRollout(
            **self.clients, group=GROUP, preferences=dict(PREFERENCES), alarms=alarms, sleep=self.slept.append
        )

    def has_group(self, saved: int, *instances: dict[str, Any]) -> None:
        group = {
            "AutoScalingGroupName": GROUP,
            "MinSize": 1,
            "MaxSize": 3,
            "DesiredCapacity": 1,
            "DefaultCooldown": 300,
            "AvailabilityZones": ["us-east-1a"],
            "HealthCheckType": "EC2",
            "CreatedTime": "2026-01-02T03:04:05Z",
            "LaunchTemplate": launched_from(saved),
            "Instances": list(instances),
        }
        self.scaling.add_response(
            "describe_auto_scaling_groups", {"AutoScalingGroups": [group]}, {"AutoScalingGroupNames": [GROUP]}
        )

    def has_refreshes(self, *refreshes: dict[str, Any]) -> None:
        self.scaling.add_response("describe_instance_refreshes", {"InstanceRefreshes": list(refreshes)}, BY_GROUP)

    def expects_cancellation(self) -> None:
        parameters = {**BY_GROUP, "WaitForTransitioningInstances": False}
        self.scaling.add_response("cancel_instance_refresh", {"InstanceRefreshId": "cancelled"}, parameters)

    def has_alarms_on(self, *on: str, composite: tuple[str, ...] = ()) -> None:
        response = {
            "MetricAlarms": [{"AlarmName": name} for name in on],
            "CompositeAlarms": [{"AlarmName": name} for name in composite],
        }
        parameters = {
            "AlarmNames": list(ALARMS),
            "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            "StateValue": "ALARM",
        }
        self.cloudwatch.add_response("describe_alarms", response, parameters)

    def expects_start(self, version: int, *alarms: str) -> None:
        template = {"LaunchTemplateId": TEMPLATE, "Version": str(version)}
        preferences = {**PREFERENCES, **({"AlarmSpecification": {"Alarms": list(alarms)}} if alarms else {})}
        parameters = {
            **BY_GROUP,
            "Strategy": "Rolling",
            "DesiredConfiguration": {"LaunchTemplate": template},
            "Preferences": preferences,
        }
        self.scaling.add_response("start_instance_refresh", {"InstanceRefreshId": "new"}, parameters)


@pytest.fixture
def aws() -> Iterator[Aws]:
    scripted = Aws()
    with scripted.scaling, scripted.cloudwatch:
        yield scripted
        scripted.scaling.assert_no_pending_responses()
        scripted.cloudwatch.assert_no_pending_responses()


def start(aws: Aws, version: int, alarms: tuple[str, ...] = (), seconds: float = 60) -> tuple[str, str]:
    result = aws.rollout(alarms).start(TEMPLATE, str(version), seconds=seconds)
    assert result["group"] == GROUP
    return result["outcome"], result["detail"]


def test_new_version_starts_a_refresh_that_can_roll_back(aws: Aws) -> None:
    aws.has_group(1, instance(1))
    aws.has_refreshes()
    aws.has_alarms_on()
    aws.expects_start(2, *ALARMS)

    assert start(aws, 2, ALARMS) == ("started", "refresh new to version 2 was started")


def test_first_deployment_changes_nothing(aws: Aws) -> None:
    aws.has_group(1, instance(1))
    aws.has_refreshes()

    assert start(aws, 1) == ("unchanged", "all instances run version 1")


def test_terminating_instances_do_not_count(aws: Aws) -> None:
    aws.has_group(2, instance(2), instance(1, "Terminating:Wait"))
    aws.has_refreshes(refresh("Successful", 2))

    assert start(aws, 2)[0] == "unchanged"


def test_instances_of_another_version_are_replaced(aws: Aws) -> None:
    """The group saved the version, but a refresh did not finish."""
    aws.has_group(2, instance(2), instance(1))
    aws.has_refreshes(refresh("Cancelled", 2))
    aws.expects_start(2)

    assert start(aws, 2)[0] == "started"


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Baking"])
def test_running_refresh_of_the_version_continues(aws: Aws, status: str) -> None:
    aws.has_group(1, instance(1))
    aws.has_refreshes(refresh(status, 2))

    assert start(aws, 2) == ("running", "a refresh to version 2 is already running")


@pytest.mark.parametrize("status", ["Pending", "InProgress", "RollbackInProgress", "Baking"])
def test_refresh_of_another_version_is_cancelled_first(aws: Aws, status: str) -> None:
    aws.has_group(1, instance(1), instance(2))
    aws.has_refreshes(refresh(status, 2))
    aws.expects_cancellation()
    aws.has_refreshes(refresh("Cancelling", 2))
    aws.has_refreshes(refresh("Cancelled", 2))
    aws.expects_start(3)

    assert start(aws, 3) == ("started", "refresh new to version 3 was started; refresh refresh-2 was cancelled")
    assert aws.slept == [5]


def test_cancellation_in_progress_is_awaited(aws: Aws) -> None:
    aws.has_group(1, instance(1))
    aws.has_refreshes(refresh("Cancelling", 2))
    aws.has_refreshes(refresh("Cancelled", 2))
    aws.expects_start(2)

    assert start(aws, 2)[0] == "started"


def test_refresh_that_ended_meanwhile_needs_no_cancellation(aws: Aws) -> None:
    aws.has_group(1, instance(1))
    aws.has_refreshes(refresh("InProgress", 2))
    aws.scaling.add_client_error("cancel_instance_refresh", "ActiveInstanceRefreshNotFound")
    aws.has_refreshes(refresh("Failed", 2))
    aws.expects_start(3)

    assert start(aws, 3)[0] == "started"


def test_endless_cancellation_is_an_error(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count(step=40)
    monkeypatch.setattr(rollout_function.time, "monotonic", lambda: next(seconds))
    aws.has_group(1, instance(1))
    aws.has_refreshes(refresh("InProgress", 2))
    aws.expects_cancellation()
    aws.has_refreshes(refresh("Cancelling", 2))
    aws.has_refreshes(refresh("Cancelling", 2))

    with pytest.raises(RolloutError, match=f"^{GROUP}: refresh refresh-2 is not cancelled after 60 s. Fix: deploy ag"):
        start(aws, 3, seconds=60)


def test_rollback_of_the_version_is_not_cancelled(aws: Aws) -> None:
    """A repeated call must not bring the bad release back."""
    aws.has_group(1, instance(1), instance(2))
    reason = {"RollbackReason": "Alarm shop-web-rollback-server-errors went into ALARM"}
    aws.has_refreshes(refresh("RollbackInProgress", 2, RollbackDetails=reason))

    with pytest.raises(RolloutError, match=r"version 2 is being rolled back \(Alarm shop-web-rollback-server-errors"):
        start(aws, 2)


@pytest.mark.parametrize("status", ["RollbackSuccessful", "RollbackFailed", "Failed", "Cancelled"])
@pytest.mark.parametrize("version", [2, 3], ids=["retry", "fix"])
def test_version_after_a_rollback_starts(aws: Aws, status: str, version: int) -> None:
    aws.has_group(1, instance(1))
    aws.has_refreshes(refresh(status, 2), refresh("Successful", 1))
    aws.expects_start(version)

    assert start(aws, version)[0] == "started"


def test_alarms_that_are_on_do_not_stop_the_fix(aws: Aws) -> None:
    on, off = ALARMS
    aws.has_group(1, instance(1))
    aws.has_refreshes(refresh("RollbackSuccessful", 2))
    aws.has_alarms_on(on)
    aws.expects_start(3, off)

    assert start(aws, 3, ALARMS) == (
        "started",
        f"refresh new to version 3 was started; alarms that are on already do not roll it back: {on}",
    )


def test_refresh_without_any_alarm_that_is_off(aws: Aws) -> None:
    aws.has_group(1, instance(1))
    aws.has_refreshes()
    aws.has_alarms_on(ALARMS[1], composite=ALARMS[:1])
    aws.expects_start(2)

    assert start(aws, 2, ALARMS)[1].endswith(f"do not roll it back: {', '.join(ALARMS)}")


def test_missing_group_is_an_error(aws: Aws) -> None:
    aws.scaling.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": []})

    with pytest.raises(RolloutError, match=f"^{GROUP}: the Auto Scaling group does not exist. Fix: deploy its stack"):
        start(aws, 2)


def test_new_permissions_are_awaited(aws: Aws) -> None:
    aws.scaling.add_client_error("describe_auto_scaling_groups", "AccessDenied")
    aws.has_group(1, instance(1))
    aws.has_refreshes()

    assert start(aws, 1)[0] == "unchanged"
    assert aws.slept == [5]


def test_missing_permission_is_an_error_after_a_minute(aws: Aws) -> None:
    for _ in range(13):
        aws.scaling.add_client_error("describe_auto_scaling_groups", "AccessDenied", "not authorized")

    with pytest.raises(Exception, match="AccessDenied.*not authorized"):
        start(aws, 2)
    assert sum(aws.slept) == 60


class Context:
    """Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def call_handler(aws: Aws, monkeypatch: pytest.MonkeyPatch, version: str) -> dict[str, str]:
    options = {"group": GROUP, "preferences": PREFERENCES, "alarms": []}
    monkeypatch.setenv("ROLLOUT", json.dumps(options))
    monkeypatch.setattr(rollout_function, "boto3", SimpleNamespace(client=aws.clients.__getitem__))
    return rollout_function.handler({"launch_template": TEMPLATE, "version": version}, Context())


def test_handler_reads_its_options_from_the_environment(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.has_group(1, instance(1))
    aws.has_refreshes()
    aws.expects_start(2)

    assert call_handler(aws, monkeypatch, "2") == {
        "group": GROUP,
        "outcome": "started",
        "detail": "refresh new to version 2 was started",
    }


def test_handler_names_the_group_in_an_error_of_aws(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.has_group(1, instance(1))
    aws.has_refreshes()
    aws.scaling.add_client_error("start_instance_refresh", "ValidationError", "The launch template does not exist")

    with pytest.raises(RolloutError, match=f"^{GROUP}: .*StartInstanceRefresh.*The launch template does not exist"):
        call_handler(aws, monkeypatch, "2")
