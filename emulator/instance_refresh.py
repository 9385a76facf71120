"""Instance refreshes of Auto Scaling as AWS documents them, without threads: `advance` does what is due by now.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html

The group keeps its saved configuration until the refresh succeeds. Meanwhile all launches use the desired
configuration, those of a scale-out, too; during a rollback they use the saved one.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

PENDING, IN_PROGRESS, BAKING, SUCCESSFUL, FAILED = "Pending", "InProgress", "Baking", "Successful", "Failed"
CANCELLING, CANCELLED = "Cancelling", "Cancelled"
ROLLBACK_IN_PROGRESS, ROLLBACK_SUCCESSFUL = "RollbackInProgress", "RollbackSuccessful"
ROLLBACK_FAILED = "RollbackFailed"

ACTIVE = (PENDING, IN_PROGRESS, BAKING, CANCELLING, ROLLBACK_IN_PROGRESS)

RETRY_SECONDS = 3600
"""A refresh that cannot replace instances is retried for an hour, then it fails."""
MAX_ALARMS = 10
_MAX_STEPS = 10_000

# https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-instance-refresh-default-values.html
_DEFAULTS = {
    "MinHealthyPercentage": 90,
    "SkipMatching": False,
    "AutoRollback": False,
    "ScaleInProtectedInstances": "Wait",
    "StandbyInstances": "Wait",
    "BakeTime": 0,
}
_NOT_EMULATED = ("CheckpointPercentages", "CheckpointDelay")


@dataclass(frozen=True, kw_only=True)
class TemplateVersion:
    """A version of a launch template.

    Args:
        id: Id of the launch template.
        version: Number, $Latest or $Default.
        number: Number that `version` resolves to.
        has_parameter: Whether its image is a parameter of Systems Manager.
    """

    id: str
    version: str
    number: int
    has_parameter: bool = False

    @property
    def reversible(self) -> bool:
        """Whether a rollback to this version is possible."""
        return self.version.isdecimal() and not self.has_parameter

    def matches(self, other: TemplateVersion) -> bool:
        """Whether both launch the same instances."""
        return (self.id, self.number) == (other.id, other.number)


@dataclass(kw_only=True)
class Member:
    """An instance of a group.

    Args:
        id: Id of the instance.
        template: Version that launched it; None if unknown.
        state: Lifecycle state.
        healthy: Whether its health status is Healthy.
        protected: Whether it is protected from scale-in.
        in_service_since: Time at which it entered service, on the group's clock.
    """

    id: str
    template: TemplateVersion | None
    state: str
    healthy: bool
    protected: bool
    in_service_since: float

    @property
    def leaving(self) -> bool:
        """Whether it is terminating."""
        return self.state.startswith("Terminating")


class RefreshedGroup(Protocol):
    """What a refresh needs of a group."""

    @property
    def desired(self) -> int:
        """Desired capacity."""

    def now(self) -> float:
        """Return the time on the group's clock, in seconds."""

    def has_passed(self, since: float, seconds: float) -> bool:
        """Return whether this time has passed."""

    def members(self) -> list[Member]:
        """Return the instances, with terminating ones."""

    def launch(self, count: int) -> list[str]:
        """Launch instances with the configuration in effect; return their ids."""

    def terminate(self, instance_id: str) -> None:
        """Terminate an instance."""

    def alarms_on(self, names: Sequence[str]) -> list[str]:
        """Return those of the alarms that are in the state ALARM."""

    def save(self, template: TemplateVersion) -> None:
        """Save a configuration to the group."""


class RefusedRefresh(Exception):
    """A refresh that AWS would refuse to start."""


@dataclass(kw_only=True)
class InstanceRefresh:
    """An instance refresh with the strategy Rolling.

    Args:
        group_name: Name of the group.
        saved: Configuration of the group before the refresh; None if it has no launch template.
        desired: Desired configuration; None to replace instances without a change.
        preferences: Preferences as in the request StartInstanceRefresh.
        grace_seconds: Health check grace period of the group, which is the default of the warm-up.

    Raises:
        RefusedRefresh: AWS would refuse it.
    """

    group_name: str
    saved: TemplateVersion | None
    desired: TemplateVersion | None
    preferences: dict[str, Any]
    grace_seconds: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = PENDING
    reason: str = ""
    start_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    end_time: datetime | None = None
    percentage: int = 0
    to_update: int = 0
    rollback: dict[str, Any] | None = None
    _outdated: set[str] = field(default_factory=set)
    _launched: set[str] = field(default_factory=set)
    _terminated: set[str] = field(default_factory=set)
    _updated: set[str] = field(default_factory=set)
    _total: int = 0
    _blocked_since: float | None = None
    _baking_since: float = 0.0

    def __post_init__(self) -> None:
        given = {name: value for name, value in self.preferences.items() if value is not None}
        _check(given)
        self.preferences = {**_DEFAULTS, "InstanceWarmup": self.grace_seconds, **given}
        if self.preferences["AutoRollback"]:
            reason = self.irreversible_reason()
            if reason:
                raise RefusedRefresh(reason)

    @property
    def active(self) -> bool:
        """Whether it blocks another refresh."""
        return self.status in ACTIVE

    @property
    def configuration(self) -> TemplateVersion | None:
        """Configuration of launches while the refresh is active."""
        return self.saved if self.status == ROLLBACK_IN_PROGRESS or self.desired is None else self.desired

    def irreversible_reason(self) -> str | None:
        """Return why it cannot be rolled back; None if it can."""
        if self.desired is None:
            # https://github.com/hashicorp/terraform-provider-aws/issues/29830 quotes AWS.
            return (
                "The request isn't valid. The AutoRollback parameter cannot be set to true when the "
                "DesiredConfiguration parameter is empty. Set AutoRollback to false or specify a desired configuration "
                "and try again."
            )
        if self.saved is None or not self.saved.reversible:
            return (
                "The Auto Scaling group cannot be rolled back: its launch template uses $Latest, $Default or a Systems "
                "Manager parameter instead of an AMI ID."
            )
        return None

    def begin(self, group: RefreshedGroup) -> None:
        """Find the instances to replace."""
        target = self.desired or self.saved
        members = [member for member in group.members() if not member.leaving]
        if self.preferences["SkipMatching"] and target is not None:
            members = [each for each in members if each.template is None or not each.template.matches(target)]
        self._outdated = {member.id for member in members}
        self._total = self.to_update = len(members)

    def advance(self, group: RefreshedGroup) -> None:
        """Do everything that is due."""
        for _ in range(_MAX_STEPS):
            if not (self.active and self._step(group)):
                self._report(group)
                return
        raise AssertionError(f"Instance refresh {self.id} does not end.")

    def roll_back(self, group: RefreshedGroup, reason: str) -> None:
        """Replace what was launched so far by instances of the saved configuration."""
        self._report(group)
        members = [member for member in group.members() if not member.leaving]
        self._outdated = {member.id for member in members if member.id in self._launched}
        self._launched, self._updated, self._blocked_since = set(), set(), None
        self.rollback = {
            "RollbackReason": reason,
            "RollbackStartTime": datetime.now(UTC),
            "PercentageCompleteOnRollback": self.percentage,
            "InstancesToUpdateOnRollback": self.to_update,
            "_outdated": len(self._outdated),
        }
        self.status, self.reason = ROLLBACK_IN_PROGRESS, reason

    def cancel(self, *, wait: bool = True) -> None:
        """Stop replacing instances; nothing is rolled back.

        Args:
            wait: Wait for launches and terminations to end.
        """
        self.status, self.reason = CANCELLING, "Cancelled due to user request."
        if not wait:
            self._end(CANCELLED)

    def add_launched(self, ids: Sequence[str]) -> None:
        """Add instances that the group launched during the refresh, as by a scale-out."""
        self._launched.update(ids)

    def describe(self) -> dict[str, Any]:
        """Return the refresh as in the response of DescribeInstanceRefreshes."""
        desired = self.desired and {"LaunchTemplateId": self.desired.id, "Version": self.desired.version}
        details = self.rollback and {name: value for name, value in self.rollback.items() if not name.startswith("_")}
        described = {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": self.group_name,
            "Strategy": "Rolling",
            "Status": self.status,
            "StatusReason": self.reason or None,
            "StartTime": self.start_time,
            "EndTime": self.end_time,
            "PercentageComplete": self.percentage,
            "InstancesToUpdate": self.to_update,
            "Preferences": self.preferences,
            "DesiredConfiguration": {"LaunchTemplate": desired} if desired else None,
            "RollbackDetails": details,
        }
        return {name: value for name, value in described.items() if value is not None}

    def _step(self, group: RefreshedGroup) -> bool:
        """Do one thing that is due; return whether there was one."""
        if self.status == PENDING:
            self.status = IN_PROGRESS
            return True
        if self.status == CANCELLING:
            if not any(member.leaving or member.state.startswith("Pending") for member in group.members()):
                self._end(CANCELLED)
            return False
        if self.status in (IN_PROGRESS, BAKING):
            alarms = group.alarms_on(self.preferences.get("AlarmSpecification", {}).get("Alarms", []))
            if alarms:
                self._fail(group, f"CloudWatch alarm {', '.join(alarms)} is in the ALARM state.")
                return True
        if self._replace(group):
            return True
        return self._finish(group)

    def _finish(self, group: RefreshedGroup) -> bool:
        """End the replacement of instances when they are all updated or the time is over."""
        members = group.members()
        ready = [member for member in members if self._is_ready(group, member)]
        transitioning = any(member.leaving or member.state.startswith("Pending") for member in members)
        done = not self._outdated and not transitioning and len(ready) >= group.desired
        if done and self.status == ROLLBACK_IN_PROGRESS:
            self._end(ROLLBACK_SUCCESSFUL)
        elif done and self.status == IN_PROGRESS and self.preferences["BakeTime"]:
            self.status, self._baking_since = BAKING, group.now()
            return True
        elif done and (
            self.status == IN_PROGRESS or group.has_passed(self._baking_since, self.preferences["BakeTime"])
        ):
            self._end(SUCCESSFUL)
            if self.desired is not None:
                group.save(self.desired)
        elif self._blocked_since is not None and group.has_passed(self._blocked_since, RETRY_SECONDS):
            self._fail(group, f"No instance could be replaced for {RETRY_SECONDS // 60} minutes. {self.reason}".strip())
            return True
        return False

    def _replace(self, group: RefreshedGroup) -> bool:
        """Terminate and launch what is possible within the limits; return whether anything was done."""
        members = [member for member in group.members() if not member.leaving]
        self._outdated &= {member.id for member in members}
        self._note_failures(group, members)
        unhealthy = [each.id for each in members if each.state == "InService" and not each.healthy]
        unready = [each.id for each in members if each.id in self._outdated and not self._is_ready(group, each)]
        # After a scale-in, launches in progress are not needed.
        pending = [each.id for each in members if each.id not in self._outdated and each.state.startswith("Pending")]
        spare = len(members) - len(self._outdated) - group.desired
        unready += pending[: max(spare, 0)]
        if unhealthy or unready:
            for instance_id in {*unhealthy, *unready}:
                self._terminate(group, instance_id)
            return True
        outdated = self._replaceable(group, members)
        ready = [member for member in members if self._is_ready(group, member)]
        current = [member for member in members if member.id not in self._outdated]
        minimum = math.ceil(group.desired * self.preferences["MinHealthyPercentage"] / 100)
        surplus = min(len(outdated), len(ready) - minimum)
        launches = min(group.desired - len(current), self._maximum(group) - len(members))
        waiting = len(current) > sum(self._is_ready(group, member) for member in current)
        leaving = any(member.leaving for member in group.members())
        if outdated and surplus <= 0 and launches <= 0 and not waiting and not leaving:
            # The limits leave no room: one instance at a time.
            if self.preferences["MinHealthyPercentage"] == 100 or "MaxHealthyPercentage" in self.preferences:
                launches = 1
            else:
                surplus = 1
        ending = outdated[: max(surplus, 0)]
        if not self._outdated:
            # After a scale-in.
            unprotected = [member.id for member in reversed(current) if not member.protected]
            ending = unprotected[: max(len(current) - group.desired, 0)]
        for instance_id in ending:
            self._terminate(group, instance_id)
        if launches > 0:
            self._launched.update(group.launch(launches))
        return bool(ending) or launches > 0

    def _maximum(self, group: RefreshedGroup) -> int:
        return group.desired * int(self.preferences.get("MaxHealthyPercentage", 100)) // 100

    def _replaceable(self, group: RefreshedGroup, members: Sequence[Member]) -> list[str]:
        """Return the outdated instances that may be terminated; protected ones block the refresh."""
        found = []
        for member in members:
            if member.id not in self._outdated:
                continue
            standby = member.state == "Standby"
            choice = self.preferences["StandbyInstances" if standby else "ScaleInProtectedInstances"]
            if not (standby or member.protected) or choice in ("Refresh", "Terminate"):
                found.append(member.id)
            elif choice == "Ignore":
                self._outdated.discard(member.id)
            else:
                kind = "in Standby" if standby else "protected from scale in"
                self._block(group, f"Waiting for instance {member.id}, which is {kind}.")
        return found

    def _is_ready(self, group: RefreshedGroup, member: Member) -> bool:
        if member.state == "Standby":
            return member.id in self._outdated
        if member.state != "InService" or not member.healthy:
            return False
        warmed_up = member.id in self._updated or group.has_passed(
            member.in_service_since, self.preferences["InstanceWarmup"]
        )
        return member.id not in self._launched or warmed_up

    def _note_failures(self, group: RefreshedGroup, members: Sequence[Member]) -> None:
        """Start or end the hour of retries."""
        ids = {member.id for member in members}
        updated = {each.id for each in members if each.id in self._launched and self._is_ready(group, each)}
        if updated - self._updated:
            self._updated |= updated
            self._blocked_since = None
        lost = self._launched - ids - self._terminated
        unhealthy = {each.id for each in members if each.id in self._launched and not each.healthy}
        if lost or unhealthy:
            self._launched -= lost
            self._block(group, f"Instance {', '.join(sorted(lost | unhealthy))} did not become healthy.")

    def _block(self, group: RefreshedGroup, reason: str) -> None:
        self.reason = reason
        if self._blocked_since is None:
            self._blocked_since = group.now()

    def _terminate(self, group: RefreshedGroup, instance_id: str) -> None:
        self._terminated.add(instance_id)
        self._outdated.discard(instance_id)
        group.terminate(instance_id)

    def _fail(self, group: RefreshedGroup, reason: str) -> None:
        if self.status == ROLLBACK_IN_PROGRESS:
            self._end(ROLLBACK_FAILED)
        elif self.preferences["AutoRollback"]:
            self.roll_back(group, reason)
            return
        else:
            self._end(FAILED)
        self.reason = reason

    def _end(self, status: str) -> None:
        self.status, self.end_time = status, datetime.now(UTC)
        if status == SUCCESSFUL:
            self.reason = ""

    def _report(self, group: RefreshedGroup) -> None:
        """Update the progress."""
        if self.rollback is not None:
            launched = self.rollback["_outdated"]
            left = len(self._outdated)
            self.percentage = self.rollback["PercentageCompleteOnRollback"] * left // launched if launched else 0
            self.to_update = self._total - min(left, self._total)
        elif self.status in (PENDING, IN_PROGRESS, BAKING, SUCCESSFUL):
            current = [each for each in group.members() if not each.leaving and each.id not in self._outdated]
            ready = sum(self._is_ready(group, member) for member in current)
            self.to_update = min(max(group.desired - ready, 0), self._total)
            self.percentage = 100 * (self._total - self.to_update) // self._total if self._total else 100


def _check(preferences: dict[str, Any]) -> None:
    """Refuse preferences that AWS refuses; their types and ranges are those of the API's model."""
    emulated = [name for name in _NOT_EMULATED if preferences.get(name)]
    minimum, maximum = preferences.get("MinHealthyPercentage"), preferences.get("MaxHealthyPercentage")
    alarms = preferences.get("AlarmSpecification", {}).get("Alarms", [])
    if emulated:
        raise RefusedRefresh(f"The emulator has no checkpoints: remove {' and '.join(emulated)}.")
    if minimum is not None and not 0 <= minimum <= 100:
        raise RefusedRefresh(f"MinHealthyPercentage is {minimum}; must be between 0 and 100.")
    if maximum is not None and not 100 <= maximum <= 200:
        raise RefusedRefresh(f"MaxHealthyPercentage is {maximum}; must be between 100 and 200.")
    if maximum is not None and minimum is None:
        raise RefusedRefresh("MaxHealthyPercentage needs MinHealthyPercentage.")
    if maximum is not None and minimum is not None and maximum - minimum > 100:
        raise RefusedRefresh("The difference of MaxHealthyPercentage and MinHealthyPercentage must not exceed 100.")
    if len(alarms) > MAX_ALARMS:
        raise RefusedRefresh(f"AlarmSpecification has {len(alarms)} alarms; must be at most {MAX_ALARMS}.")
