"""Auto Scaling as AWS documents it, in moto: instance refreshes, lifecycle hooks, and launches of the right version.

moto 5.2.5 has no instance refresh, runs no lifecycle hook, and shows the template's default version for all instances.

moto only records instances, so by default time passes at once: a refresh ends before the response of
StartInstanceRefresh. A group with the tag `CLOCK_TAG` has a clock, set by the tag's value in seconds, and its instances
wait for their lifecycle hooks, so that a test boots them or steps through a refresh. Terraform ignores tags of AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from moto.autoscaling import urls
from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState, LifecycleHook
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.elbv2.exceptions import InvalidTargetError, TargetGroupNotFoundError

from emulator.autoscaling import ABANDON, CLOCK_TAG, CONTINUE
from emulator.instance_refresh import InstanceRefresh, Member, RefusedRefresh, TemplateVersion

_LAUNCHING, _TERMINATING = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"
_WAITING = {_LAUNCHING: "Pending:Wait", _TERMINATING: "Terminating:Wait"}
_TEMPLATE_OPTIONS = ("LaunchTemplate", "LaunchConfigurationName", "MixedInstancesPolicy")
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html#instance-refresh-limitations
_LOCKED = (
    "An active instance refresh with a desired configuration exists. All configuration options derived from the "
    "desired configuration are not available for update while the instance refresh is active."
)


class MotoGroup:
    """A group of moto, as a refresh sees it.

    Args:
        group: The group.
    """

    def __init__(self, group: FakeAutoScalingGroup) -> None:
        self.group = group

    @property
    def desired(self) -> int:
        """Desired capacity."""
        return int(self.group.desired_capacity or 0)

    @property
    def refreshes(self) -> list[InstanceRefresh]:
        """Instance refreshes, oldest first."""
        refreshes: list[InstanceRefresh] = self.group.__dict__.setdefault("refreshes", [])
        return refreshes

    @property
    def active(self) -> InstanceRefresh | None:
        """The active refresh."""
        return next((refresh for refresh in self.refreshes if refresh.active), None)

    @property
    def clock(self) -> float | None:
        """Time in seconds; None if time passes at once."""
        return next((float(tag["Value"]) for tag in self.group.tags if tag["Key"] == CLOCK_TAG), None)

    @property
    def saved(self) -> TemplateVersion | None:
        """Saved configuration; None if the group has no launch template."""
        template = self.group.ec2_launch_template
        return self.template(template.id, self.group.launch_template_version) if template else None

    def template(self, template_id: str, version: str) -> TemplateVersion:
        """Return a version of a launch template."""
        found = self.group.ec2_backend.get_launch_template(template_id).get_version(version)
        parameter = found.image_id.startswith("resolve:ssm:")
        return TemplateVersion(id=template_id, version=version, number=found.number, has_parameter=parameter)

    def now(self) -> float:
        """Return the time on the group's clock, in seconds."""
        return self.clock or 0.0

    def has_passed(self, since: float, seconds: float) -> bool:
        """Return whether this time has passed."""
        return self.clock is None or self.clock - since >= seconds

    def members(self) -> list[Member]:
        """Return the instances, with terminating ones."""
        return [
            Member(
                id=state.instance_id,
                template=vars(state).get("template"),
                state=state.lifecycle_state,
                healthy=state.health_status == "Healthy",
                protected=bool(state.protected_from_scale_in),
                in_service_since=vars(state).get("in_service_since", 0.0),
            )
            for state in self.group.instance_states
        ]

    def launch(self, count: int) -> list[str]:
        """Launch instances with the configuration in effect; return their ids."""
        before = len(self.group.instance_states)
        self.group.replace_autoscaling_group_instances(count, self.group.get_propagated_tags())
        return [state.instance_id for state in self.group.instance_states[before:]]

    def terminate(self, instance_id: str) -> None:
        """Terminate an instance, after its lifecycle hooks."""
        state = self.state(instance_id)
        for arn in self.group.target_group_arns:
            # An instance that has not entered service is not registered, and target groups can be deleted first.
            with suppress(InvalidTargetError, TargetGroupNotFoundError):
                self.group.autoscaling_backend.elbv2_backend.deregister_targets(arn, [{"Id": instance_id}])
        if not self._wait(state, _TERMINATING):
            self._remove(state)

    def alarms_on(self, names: Sequence[str]) -> list[str]:
        """Return those of the alarms that are in the state ALARM."""
        from moto.cloudwatch.models import cloudwatch_backends

        alarms = cloudwatch_backends[self.group.account_id][self.group.region].alarms
        return [name for name in names if name in alarms and alarms[name].state_value == "ALARM"]

    def save(self, template: TemplateVersion) -> None:
        """Save a configuration to the group."""
        self.use({"LaunchTemplateId": template.id, "Version": template.version})

    def use(self, specification: dict[str, Any]) -> None:
        """Set the launch template and its version."""
        self.group._set_launch_configuration("", specification, None)

    def state(self, instance_id: str) -> InstanceState:
        """Return moto's record of an instance."""
        return next(state for state in self.group.instance_states if state.instance_id == instance_id)

    def add(self, states: Sequence[InstanceState], template: TemplateVersion | None) -> None:
        """Add launched instances: they enter service, or wait for their lifecycle hooks."""
        for state in states:
            vars(state)["template"] = template
            if not self._wait(state, _LAUNCHING):
                self._enter_service(state)

    def complete(self, instance_id: str, hook: str, result: str) -> None:
        """Complete a lifecycle action.

        Raises:
            ValidationError: The instance does not wait for it.
        """
        state = self._waiting(instance_id, hook)
        launching = state.lifecycle_state == _WAITING[_LAUNCHING]
        vars(state)["waits_for"].discard(hook)
        if launching and result == ABANDON:
            self._remove(state)
        elif not vars(state)["waits_for"] and launching:
            self._enter_service(state)
        elif not vars(state)["waits_for"] or result == ABANDON:
            self._remove(state)

    def record_heartbeat(self, instance_id: str, hook: str) -> None:
        """Start the timeout of a lifecycle action again."""
        vars(self._waiting(instance_id, hook))["waits_since"] = self.now()

    def end_waits(self) -> bool:
        """Complete lifecycle actions after their timeout; return whether there were any."""
        ended = False
        for state in list(self.group.instance_states):
            for hook in sorted(vars(state).get("waits_for", ())):
                found = self._hooks(hook)
                seconds = found[0].heartbeat_timeout if found else 0
                if state in self.group.instance_states and self.has_passed(vars(state)["waits_since"], seconds):
                    self.complete(state.instance_id, hook, found[0].default_result if found else CONTINUE)
                    ended = True
        return ended

    def settle(self) -> None:
        """Launch or terminate instances until there are as many as desired; a refresh does it itself."""
        staying = [member for member in self.members() if not member.leaving]
        missing = self.desired - len(staying)
        if missing > 0:
            self.launch(missing)
        # Instances that are not in service first; then the default termination policy prefers the oldest template.
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
        oldest = sorted(
            staying, key=lambda each: (each.state == "InService", each.template.number if each.template else 0)
        )
        for member in [each for each in oldest if not each.protected][: max(-missing, 0)]:
            self.terminate(member.id)

    def advance(self) -> None:
        """Do everything that is due."""
        while True:
            refresh = self.active
            if refresh:
                refresh.advance(self)
            # Without a clock, moto's own launches and terminations are the only ones.
            if self.active is None and (refresh or self.clock is not None):
                self.settle()
            if not self.end_waits():
                return

    def _hooks(self, name: str | None = None, transition: str | None = None) -> list[LifecycleHook]:
        hooks = self.group.autoscaling_backend.describe_lifecycle_hooks(self.group.name)
        return [
            hook
            for hook in hooks
            if (name is None or hook.name == name) and (transition is None or hook.lifecycle_transition == transition)
        ]

    def _wait(self, state: InstanceState, transition: str) -> bool:
        """Start the lifecycle actions of a transition; return whether there are any to wait for."""
        hooks = {hook.name for hook in self._hooks(transition=transition)}
        if not hooks or self.clock is None:
            return False
        state.lifecycle_state = _WAITING[transition]
        vars(state).update(waits_for=hooks, waits_since=self.now())
        return True

    def _waiting(self, instance_id: str, hook: str) -> InstanceState:
        for state in self.group.instance_states:
            if state.instance_id == instance_id and hook in vars(state).get("waits_for", ()):
                return state
        raise ValidationError(f"No active Lifecycle Action found with instance ID {instance_id}")

    def _enter_service(self, state: InstanceState) -> None:
        state.lifecycle_state = "InService"
        vars(state)["in_service_since"] = self.now()
        if self.group.name in self.group.autoscaling_backend.autoscaling_groups:
            self.group.autoscaling_backend.update_attached_target_groups(self.group.name)

    def _remove(self, state: InstanceState) -> None:
        self.group.instance_states.remove(state)
        self.group.ec2_backend.terminate_instances([state.instance_id])


_launch = FakeAutoScalingGroup.replace_autoscaling_group_instances
_set_desired_capacity = FakeAutoScalingGroup.set_desired_capacity
_delete_group = AutoScalingBackend.delete_auto_scaling_group
_register = AutoScalingBackend.update_attached_target_groups


def _launch_instances(group: FakeAutoScalingGroup, count_needed: int, propagated_tags: dict[str, str]) -> None:
    """Launch instances of the version in effect, which a refresh in progress sets."""
    moto, states = MotoGroup(group), len(group.instance_states)
    refresh = moto.active
    template = refresh.configuration if refresh else moto.saved
    if refresh and template and group.launch_template:
        saved = {name: group.launch_template[name] for name in ("LaunchTemplateId", "Version")}
        moto.save(template)
        try:
            _launch(group, count_needed, propagated_tags)
        finally:
            moto.use(saved)
    else:
        _launch(group, count_needed, propagated_tags)
    launched = group.instance_states[states:]
    moto.add(launched, template)
    if refresh:
        refresh.add_launched([state.instance_id for state in launched])


def _set_capacity(group: FakeAutoScalingGroup, new_capacity: int | None) -> None:
    """Set the desired capacity; moto's own launches and terminations know neither hooks nor refreshes."""
    moto = MotoGroup(group)
    if moto.active is None and moto.clock is None:
        _set_desired_capacity(group, new_capacity)
        return
    group.desired_capacity = group.min_size if new_capacity is None else new_capacity
    if moto.active is None:
        moto.settle()


def _register_targets(backend: AutoScalingBackend, group_name: str) -> None:
    """Register the instances in service, without instances that wait for a lifecycle hook."""
    group = backend.autoscaling_groups[group_name]
    states = group.instance_states
    group.instance_states = [state for state in states if "Wait" not in state.lifecycle_state]
    try:
        _register(backend, group_name)
    finally:
        group.instance_states = states


def _delete(backend: AutoScalingBackend, group_name: str) -> None:
    """Delete a group with its refreshes; its instances terminate without lifecycle hooks."""
    group = backend.autoscaling_groups.get(group_name)
    if group:
        MotoGroup(group).refreshes.clear()
        group.tags = [tag for tag in group.tags if tag["Key"] != CLOCK_TAG]
        for state in group.instance_states:
            state.lifecycle_state, state.protected_from_scale_in = "InService", False
    _delete_group(backend, group_name)


def _instance_template(state: InstanceState) -> dict[str, Any] | None:
    """Return the version that launched an instance; moto 5.2.5 returns the template's default version for all."""
    template: TemplateVersion | None = vars(state).get("template")
    if template is None:
        return None
    name = state.auto_scaling_group.ec2_backend.get_launch_template(template.id).name
    return {"LaunchTemplateId": template.id, "LaunchTemplateName": name, "Version": str(template.number)}


class Actions(AutoScalingResponse):
    """Actions that moto lacks or that need a correction."""

    def call_action(self) -> Any:
        """Do what is due before the action, and what it makes due."""
        self._advance()
        response = super().call_action()
        self._advance()
        return response

    def start_instance_refresh(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html"""
        moto = self._group()
        if moto.active:
            message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
            raise AutoscalingClientError("InstanceRefreshInProgress", message)
        if self._get_param("Strategy", "Rolling") != "Rolling":
            raise ValidationError("The emulator has the strategy Rolling only.")
        try:
            refresh = InstanceRefresh(
                group_name=moto.group.name,
                saved=moto.saved,
                desired=self._desired(moto),
                preferences=self._get_param("Preferences", {}),
                grace_seconds=int(moto.group.health_check_grace_period or 0),
            )
        except RefusedRefresh as error:
            raise ValidationError(str(error)) from error
        refresh.begin(moto)
        moto.refreshes.append(refresh)
        return ActionResult({"InstanceRefreshId": refresh.id})

    def describe_instance_refreshes(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeInstanceRefreshes.html"""
        ids = self._get_param("InstanceRefreshIds", [])
        newest_first = [each for each in reversed(self._group().refreshes) if not ids or each.id in ids]
        start = int(self._get_param("NextToken") or 0)
        end = start + (self._get_int_param("MaxRecords") or 50)
        found = [refresh.describe() for refresh in newest_first[start:end]]
        return ActionResult({"InstanceRefreshes": found, "NextToken": str(end) if newest_first[end:] else None})

    def cancel_instance_refresh(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CancelInstanceRefresh.html"""
        refresh = self._active()
        refresh.cancel(wait=self._get_bool_param("WaitForTransitioningInstances", True))
        return ActionResult({"InstanceRefreshId": refresh.id})

    def rollback_instance_refresh(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RollbackInstanceRefresh.html"""
        refresh = self._active()
        reason = refresh.irreversible_reason()
        if reason:
            raise AutoscalingClientError("IrreversibleInstanceRefresh", reason)
        if refresh.rollback is None:
            refresh.roll_back(self._group(), "Rollback due to user request.")
        return ActionResult({"InstanceRefreshId": refresh.id})

    def complete_lifecycle_action(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html"""
        result = self._get_param("LifecycleActionResult")
        if result not in (CONTINUE, ABANDON):
            raise ValidationError("1 validation error detected: LifecycleActionResult must be CONTINUE or ABANDON")
        self._group().complete(self._get_param("InstanceId"), self._get_param("LifecycleHookName"), result)
        return EmptyResult()

    def record_lifecycle_action_heartbeat(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RecordLifecycleActionHeartbeat.html"""
        self._group().record_heartbeat(self._get_param("InstanceId"), self._get_param("LifecycleHookName"))
        return EmptyResult()

    def update_auto_scaling_group(self) -> ActionResult:
        """Refuse what an active refresh locks."""
        refresh = self._group().active
        if refresh and refresh.desired and any(self._get_param(name) for name in _TEMPLATE_OPTIONS):
            raise ValidationError(_LOCKED)
        return super().update_auto_scaling_group()

    def _advance(self) -> None:
        for group in list(self.autoscaling_backend.autoscaling_groups.values()):
            MotoGroup(group).advance()

    def _group(self) -> MotoGroup:
        name = self._get_param("AutoScalingGroupName")
        group = self.autoscaling_backend.autoscaling_groups.get(name)
        if group is None:
            raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        return MotoGroup(group)

    def _active(self) -> InstanceRefresh:
        moto = self._group()
        if moto.active is None:
            message = f"No in progress or pending Instance Refresh found for Auto Scaling group {moto.group.name}"
            raise AutoscalingClientError("ActiveInstanceRefreshNotFound", message)
        return moto.active

    def _desired(self, moto: MotoGroup) -> TemplateVersion | None:
        desired = self._get_param("DesiredConfiguration") or {}
        if "MixedInstancesPolicy" in desired:
            raise ValidationError("The emulator has no mixed instances policy in an instance refresh.")
        specification = desired.get("LaunchTemplate")
        if not specification:
            return None
        template_id = specification.get("LaunchTemplateId")
        if template_id is None:
            backend = self.autoscaling_backend.ec2_backend
            template_id = backend.get_launch_template_by_name(specification["LaunchTemplateName"]).id
        version = specification.get("Version") or "$Default"
        try:
            return moto.template(template_id, version)
        except (EC2ClientError, ValueError) as error:
            raise ValidationError(
                "You must use a valid fully-formed launch template. Could not find the specified version "
                f"{version} for the launch template with ID {template_id}."
            ) from error


def install() -> None:
    """Replace moto's parts; called once, when the service is first used."""
    FakeAutoScalingGroup.replace_autoscaling_group_instances = _launch_instances  # type: ignore[assignment, method-assign]
    FakeAutoScalingGroup.set_desired_capacity = _set_capacity  # type: ignore[assignment, method-assign]
    AutoScalingBackend.delete_auto_scaling_group = _delete  # type: ignore[assignment, method-assign]
    AutoScalingBackend.update_attached_target_groups = _register_targets  # type: ignore[assignment, method-assign]
    InstanceState.launch_template = property(_instance_template)  # type: ignore[assignment, method-assign]
    urls.url_paths["{0}/$"] = Actions.dispatch
