"""The Lambda function of ``Rollout``: start an instance refresh of one Auto Scaling group.

It is uploaded as it is and needs only boto3, which Lambda's runtime has. Nothing imports it but its tests.

The group keeps its saved launch template version until a refresh succeeds, so that Auto Scaling rolls back to it:
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError

_UPDATING = ("Pending", "InProgress", "Baking")
_ROLLING_BACK = "RollbackInProgress"
_ACTIVE = (*_UPDATING, _ROLLING_BACK, "Cancelling")
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRefresh.html"""
_LEAVING = ("Terminating", "Terminated", "Detaching", "Detached")
_PAUSE_SECONDS = 5
_SPARE_SECONDS = 15
"""Time that is left to start the refresh after a cancellation, and to return."""
_NEW_POLICY_SECONDS = 60
"""Time until a new IAM policy applies everywhere.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency"""

log = logging.getLogger()


class RolloutError(Exception):
    """The refresh was not started. Terraform shows the message."""


def handler(event: dict[str, str], context: Any) -> dict[str, str]:
    """Start a refresh to the launch template version of the event.

    Args:
        event: ``launch_template`` (an id) and ``version`` (a number as text).
        context: Lambda's context of the invocation.
    """
    log.setLevel(logging.INFO)
    options = json.loads(os.environ["ROLLOUT"])
    rollout = GroupRollout(
        boto3.client("autoscaling"),
        boto3.client("cloudwatch"),
        group=options["group"],
        preferences=options["preferences"],
        alarms=options["alarms"],
    )
    seconds = context.get_remaining_time_in_millis() / 1000 - _SPARE_SECONDS
    try:
        result = rollout.start(event["launch_template"], str(event["version"]), seconds=seconds)
    except ClientError as error:
        raise RolloutError(f"{options['group']}: {error}") from None
    log.info(json.dumps(result))
    return result


@dataclasses.dataclass
class GroupRollout:
    """Rollouts of one Auto Scaling group.

    Args:
        autoscaling, cloudwatch: boto3 clients.
        group: name of the group.
        preferences: ``Preferences`` of the refresh, without its alarms.
        alarms: names of the alarms that roll back.
        sleep: waits for a number of seconds.
    """

    autoscaling: Any
    cloudwatch: Any
    group: str
    preferences: dict[str, Any]
    alarms: Sequence[str] = ()
    sleep: Callable[[float], None] = time.sleep

    def start(self, launch_template: str, version: str, *, seconds: float) -> dict[str, str]:
        """Start a refresh, unless the group already runs this version or a refresh to it is running.

        A running refresh or rollback of another version is cancelled first.

        Args:
            launch_template: id of the launch template.
            version: number of its version.
            seconds: time that a cancellation may take.

        Returns:
            ``outcome`` (``unchanged``, ``running`` or ``started``) and ``detail``, a sentence.

        Raises:
            RolloutError: the group does not exist, this version is being rolled back, or a refresh could not be
                cancelled in time.
        """
        group = self._read_group()
        active = self._active_refresh()
        if active is not None and _matches(_desired(active), launch_template, version):
            if active["Status"] in _UPDATING:
                return self._result("running", f"a refresh to version {version} is already running")
            if active["Status"] == _ROLLING_BACK:
                reason = active.get("RollbackDetails", {}).get("RollbackReason") or active.get("StatusReason", "")
                raise RolloutError(
                    f"{self.group}: version {version} is being rolled back ({reason}). Fix: deploy a corrected "
                    "release, or wait for the end of the rollback and deploy again."
                )
        if active is not None:
            self._cancel(active, seconds)
        elif self._runs(group, launch_template, version):
            return self._result("unchanged", f"all instances run version {version}")
        return self._start(launch_template, version, cancelled=active)

    def _start(self, launch_template: str, version: str, *, cancelled: dict[str, Any] | None) -> dict[str, str]:
        on = self._alarms_on()
        watched = [alarm for alarm in self.alarms if alarm not in on]
        preferences = {**self.preferences, **({"AlarmSpecification": {"Alarms": watched}} if watched else {})}
        refresh = self.autoscaling.start_instance_refresh(
            AutoScalingGroupName=self.group,
            Strategy="Rolling",
            DesiredConfiguration={"LaunchTemplate": {"LaunchTemplateId": launch_template, "Version": version}},
            Preferences=preferences,
        )
        details = [f"refresh {refresh['InstanceRefreshId']} to version {version} was started"]
        if cancelled is not None:
            details.append(f"refresh {cancelled['InstanceRefreshId']} was cancelled")
        if on:
            details.append(f"alarms that are on already do not roll it back: {', '.join(on)}")
        return self._result("started", "; ".join(details))

    def _result(self, outcome: str, detail: str) -> dict[str, str]:
        return {"group": self.group, "outcome": outcome, "detail": detail}

    def _read_group(self) -> dict[str, Any]:
        # The first call: later ones have the same policy.
        for _ in range(_NEW_POLICY_SECONDS // _PAUSE_SECONDS):
            try:
                return self._describe_group()
            except ClientError as error:
                if not error.response["Error"]["Code"].startswith("AccessDenied"):
                    raise
                self.sleep(_PAUSE_SECONDS)
        return self._describe_group()

    def _describe_group(self) -> dict[str, Any]:
        groups = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])["AutoScalingGroups"]
        if not groups:
            raise RolloutError(
                f"{self.group}: the Auto Scaling group does not exist. Fix: deploy its stack again, which creates it."
            )
        described: dict[str, Any] = groups[0]
        return described

    def _runs(self, group: dict[str, Any], launch_template: str, version: str) -> bool:
        """Whether the group and all of its instances have this version."""
        instances = [each for each in group["Instances"] if not each["LifecycleState"].startswith(_LEAVING)]
        return all(_matches(each.get("LaunchTemplate", {}), launch_template, version) for each in [group, *instances])

    def _active_refresh(self) -> dict[str, Any] | None:
        refreshes = self.autoscaling.describe_instance_refreshes(AutoScalingGroupName=self.group)["InstanceRefreshes"]
        return next((refresh for refresh in refreshes if refresh["Status"] in _ACTIVE), None)

    def _cancel(self, refresh: dict[str, Any], seconds: float) -> None:
        """Cancel a refresh or a rollback, and wait until another one can be started."""
        if refresh["Status"] != "Cancelling":
            call = self.autoscaling.meta.service_model.operation_model("CancelInstanceRefresh")
            # Without it, the cancellation waits for instances that are launching. Older versions of boto3 lack it.
            quick = "WaitForTransitioningInstances"
            options = {quick: False} if quick in call.input_shape.members else {}
            try:
                self.autoscaling.cancel_instance_refresh(AutoScalingGroupName=self.group, **options)
            except ClientError as error:
                # It has ended in the meantime.
                if not error.response["Error"]["Code"].startswith("ActiveInstanceRefreshNotFound"):
                    raise
        deadline = time.monotonic() + seconds
        while self._active_refresh() is not None:
            if time.monotonic() > deadline:
                raise RolloutError(
                    f"{self.group}: refresh {refresh['InstanceRefreshId']} is not cancelled after {seconds:.0f} s. "
                    "Fix: deploy again once it is."
                )
            self.sleep(_PAUSE_SECONDS)

    def _alarms_on(self) -> list[str]:
        """Names of the alarms that are in ALARM.

        The fix of a bad release must not be stopped by the alarm that the bad release has set off. AWS documents only
        that a refresh is rolled back when an alarm goes into ALARM.
        """
        if not self.alarms:
            return []
        described = self.cloudwatch.describe_alarms(
            AlarmNames=list(self.alarms), AlarmTypes=["MetricAlarm", "CompositeAlarm"], StateValue="ALARM"
        )
        on = [*described.get("MetricAlarms", []), *described.get("CompositeAlarms", [])]
        return sorted(alarm["AlarmName"] for alarm in on)


def _desired(refresh: dict[str, Any]) -> dict[str, Any]:
    template: dict[str, Any] = refresh.get("DesiredConfiguration", {}).get("LaunchTemplate", {})
    return template


def _matches(owner: dict[str, Any], launch_template: str, version: str) -> bool:
    template = owner.get("LaunchTemplate", owner)
    return (template.get("LaunchTemplateId"), template.get("Version")) == (launch_template, version)
