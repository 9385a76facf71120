"""Rollouts with the real Terraform: which calls reach AWS, in which order, and what a bad release ends in.

The tests share one deployment and run in this order. The group has a clock, so that a refresh waits for the test.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import run
from rollout_app import ALARM, GROUP, STACK

from emulator import aws
from emulator.api_calls import ApiCall, read_calls
from emulator.autoscaling import CLOCK_TAG, CONTINUE
from tests.known_drift import differences
from workspace import aws_provider, paths
from workspace.cdktf import Tools
from workspace.ports import free_port

CHANGES = (
    "CreateLaunchTemplateVersion",
    "CreateAutoScalingGroup",
    "UpdateAutoScalingGroup",
    "Invoke",
    "StartInstanceRefresh",
    "CancelInstanceRefresh",
    "RollbackInstanceRefresh",
)
HOOKS = {"Pending:Wait": "launching", "Terminating:Wait": "terminating"}


class Rollouts:
    """The deployed app, and its group as AWS sees it.

    Args:
        folder: folder for all files.
        port: port of the emulator, which records its calls in this folder.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self.port = folder, port
        self.calls_file = folder / "calls.jsonl"
        self._seen = 0
        self._clock = 0
        tools = Tools.ensure()
        self._terraform = tools.terraform / "terraform"
        self._environment = {
            **aws.without_aws(os.environ),
            **aws_provider.provider_variables(tools.provider, paths.CACHE_DIR / "terraform"),
            **aws.client_variables(port),
            "PYTHONPATH": str(paths.ROOT),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "STATE": str(folder / "state"),
            "SOFTWARE": str(paths.ROOT / "examples/software"),
        }
        self.scaling, self.cloudwatch = aws.client("autoscaling", port), aws.client("cloudwatch", port)

    def deploy(self, colour: str) -> list[ApiCall]:
        """Deploy with a colour; return the calls that change what the group launches.

        The provider updates other options of the group, too, such as those that the emulator forgets.
        """
        self.synthesize(colour)
        self.terraform("apply", "-input=false", "-auto-approve", "-no-color")
        calls = [
            call
            for call in read_calls(self.calls_file)
            if call.operation in CHANGES
            and (call.operation != "UpdateAutoScalingGroup" or "LaunchTemplate" in call.members)
        ]
        new, self._seen = calls[self._seen :], len(calls)
        return new

    def synthesize(self, colour: str) -> None:
        self._environment["COLOUR"] = colour
        script = Path(__file__).with_name("rollout_app.py")
        run([sys.executable, script], folder=self._folder, environment=self._environment, emulator_log=self._log)
        if not (self._folder / "cdktf.out/stacks" / STACK / ".terraform").exists():
            self.terraform("init", "-input=false", "-no-color")

    def plan(self) -> dict[str, Any]:
        self.terraform("plan", "-input=false", "-no-color", "-out=next.plan")
        plan: dict[str, Any] = json.loads(self.terraform("show", "-json", "next.plan"))
        return plan

    def terraform(self, *arguments: str) -> str:
        return run(
            [self._terraform, *arguments],
            folder=self._folder / "cdktf.out/stacks" / STACK,
            environment=self._environment,
            emulator_log=self._log,
        )

    @property
    def _log(self) -> Path:
        return self._folder / "moto.log"

    @property
    def result(self) -> dict[str, str]:
        """Result of the last call of the function, in Terraform's state."""
        state = json.loads((self._folder / f"state/{STACK}.tfstate").read_text())
        (attributes,) = [
            resource["instances"][0]["attributes"]
            for resource in state["resources"]
            if resource["type"] == "aws_lambda_invocation"
        ]
        result: dict[str, str] = json.loads(attributes["result"])
        return result

    @property
    def group(self) -> dict[str, Any]:
        (group,) = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"]
        described: dict[str, Any] = group
        return described

    @property
    def saved(self) -> str:
        return str(self.group["LaunchTemplate"]["Version"])

    @property
    def versions(self) -> list[str]:
        """Versions of the instances in service."""
        return sorted(
            each["LaunchTemplate"]["Version"]
            for each in self.group["Instances"]
            if each["LifecycleState"] == "InService"
        )

    @property
    def refresh(self) -> dict[str, Any]:
        refreshes = self.scaling.describe_instance_refreshes(AutoScalingGroupName=GROUP)["InstanceRefreshes"]
        newest: dict[str, Any] = refreshes[0]
        return newest

    def pass_time(self, seconds: int) -> None:
        """Set the group's clock; its instances complete their lifecycle actions."""
        self._clock += seconds
        tag = {"ResourceId": GROUP, "ResourceType": "auto-scaling-group", "Key": CLOCK_TAG, "Value": str(self._clock)}
        self.scaling.create_or_update_tags(Tags=[{**tag, "PropagateAtLaunch": False}])
        for instance in self.group["Instances"]:
            if hook := HOOKS.get(instance["LifecycleState"]):
                self.scaling.complete_lifecycle_action(
                    AutoScalingGroupName=GROUP,
                    LifecycleHookName=hook,
                    InstanceId=instance["InstanceId"],
                    LifecycleActionResult=CONTINUE,
                )

    def pass_time_until(self, *statuses: str) -> str:
        """Let minutes pass until the newest refresh has one of these statuses, for at most an hour."""
        for _ in range(60):
            if self.refresh["Status"] in statuses:
                break
            self.pass_time(60)
        return str(self.refresh["Status"])

    def set_alarm(self, state: str) -> None:
        self.cloudwatch.set_alarm_state(AlarmName=ALARM, StateValue=state, StateReason="Jobs fail.")


@pytest.fixture(scope="module")
def rollouts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollouts]:
    folder, port = tmp_path_factory.mktemp("rollouts"), free_port()
    server = aws.start(port, log=folder / "moto.log", calls=folder / "calls.jsonl")
    try:
        yield Rollouts(folder, port)
    finally:
        server.stop()


def names(calls: list[ApiCall]) -> list[str]:
    return [call.operation for call in calls]


def started(calls: list[ApiCall]) -> dict[str, Any]:
    (call,) = [call for call in calls if call.operation == "StartInstanceRefresh"]
    return dict(call.members)


def test_first_deployment_starts_no_refresh(rollouts: Rollouts) -> None:
    calls = rollouts.deploy("red")
    rollouts.pass_time(0)

    assert names(calls) == ["CreateAutoScalingGroup", "Invoke"]
    assert calls[0].members["LaunchTemplate"]["Version"] == "1"
    assert rollouts.result["outcome"] == "unchanged"
    assert (rollouts.saved, rollouts.versions) == ("1", ["1", "1"])


def test_new_release_is_saved_by_its_refresh_only(rollouts: Rollouts) -> None:
    calls = rollouts.deploy("blue")

    assert names(calls) == ["CreateLaunchTemplateVersion", "Invoke", "StartInstanceRefresh"]
    template = rollouts.group["LaunchTemplate"]["LaunchTemplateId"]
    members = started(calls)
    assert members["AutoScalingGroupName"] == GROUP
    assert members["DesiredConfiguration"] == {"LaunchTemplate": {"LaunchTemplateId": template, "Version": "2"}}
    preferences = members["Preferences"]
    assert preferences["AutoRollback"] is True and preferences["SkipMatching"] is True
    assert preferences["AlarmSpecification"] == {"Alarms": [ALARM]}
    assert (rollouts.saved, rollouts.refresh["Status"]) == ("1", "InProgress")


def test_bad_release_is_rolled_back_to_the_former_one(rollouts: Rollouts) -> None:
    for _ in range(3):
        rollouts.pass_time(60)
    assert "2" in rollouts.versions
    rollouts.set_alarm("ALARM")

    assert rollouts.pass_time_until("RollbackSuccessful", "RollbackFailed") == "RollbackSuccessful"
    rollouts.pass_time(60)
    assert (rollouts.saved, rollouts.versions) == ("1", ["1", "1"])
    assert ALARM in rollouts.refresh["RollbackDetails"]["RollbackReason"]


def test_plan_after_a_rollback_changes_nothing(rollouts: Rollouts) -> None:
    assert differences({STACK: rollouts.plan()}).unexpected == []


def test_fix_starts_while_the_alarm_is_still_on(rollouts: Rollouts) -> None:
    calls = rollouts.deploy("green")

    assert names(calls) == ["CreateLaunchTemplateVersion", "Invoke", "StartInstanceRefresh"]
    assert started(calls)["DesiredConfiguration"]["LaunchTemplate"]["Version"] == "3"
    assert "AlarmSpecification" not in started(calls)["Preferences"]
    assert rollouts.result["detail"].endswith(f"alarms that are on already do not roll it back: {ALARM}")
    assert rollouts.pass_time_until("Successful", "RollbackSuccessful", "Failed") == "Successful"
    rollouts.pass_time(60)
    assert (rollouts.saved, rollouts.versions) == ("3", ["3", "3"])


def test_deployment_during_a_rollout_cancels_it(rollouts: Rollouts) -> None:
    rollouts.set_alarm("OK")
    rollouts.deploy("black")
    rollouts.pass_time(60)
    calls = rollouts.deploy("white")

    assert names(calls) == [
        "CreateLaunchTemplateVersion",
        "Invoke",
        "CancelInstanceRefresh",
        "StartInstanceRefresh",
    ]
    assert started(calls)["DesiredConfiguration"]["LaunchTemplate"]["Version"] == "5"
    assert (rollouts.saved, rollouts.refresh["Status"]) == ("3", "InProgress")
    assert rollouts.pass_time_until("Successful", "RollbackSuccessful", "Failed") == "Successful"
    assert rollouts.saved == "5"


def test_missing_group_ends_the_deployment_with_a_sentence(rollouts: Rollouts) -> None:
    """Terraform creates the group again; the function is asked about a group that is gone."""
    client = aws.client("lambda", rollouts.port)
    rollouts.scaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    template = {"launch_template": "lt-0a1b2c3d4e5f60718", "version": "6"}
    answer = client.invoke(FunctionName="rollouts-rollout", Payload=json.dumps(template).encode())

    assert answer["FunctionError"]
    error = json.loads(answer["Payload"].read())
    assert error["errorMessage"] == (
        f"{GROUP}: the Auto Scaling group does not exist. Fix: deploy its stack again, which creates it."
    )
