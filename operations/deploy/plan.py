"""The plan as data, parsed from ``terraform show -json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from constructs_lib.foundation import template
from operations.deploy.diff import find_differences, leaves
from operations.deploy.stack_graph import StackNode

STATEFUL_TYPES = {
    "aws_cloudwatch_log_group": ("name", "log group"),
    "aws_db_instance": ("identifier", "database"),
    "aws_kms_key": ("key_id", "key"),
    "aws_route53_zone": ("name", "zone"),
    "aws_s3_bucket": ("bucket", "bucket"),
    "aws_secretsmanager_secret": ("name", "secret"),
    "aws_sqs_queue": ("name", "queue"),
}
"""Types whose data cannot be recreated, with the attribute that names a resource and the readable name of the type."""

_PROTECTION_ATTRIBUTES = ("deletion_protection", "enable_deletion_protection")
UNKNOWN = "(known after apply)"
HIDDEN = "(sensitive)"


class Action(Enum):
    """What the plan does with a resource."""

    CREATE = "create"
    CHANGE = "change"
    REPLACE = "replace"
    DESTROY = "destroy"
    FORGET = "forget"


class Basis(Enum):
    """Source of a stack's plan."""

    TERRAFORM = "planned by Terraform"
    CONFIGURATION = "never applied: everything in its configuration is created"
    DEFERRED = "planned when the stacks it reads are applied"


_ACTIONS = {
    ("create",): Action.CREATE,
    ("update",): Action.CHANGE,
    ("delete",): Action.DESTROY,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
}


@dataclass(frozen=True, kw_only=True)
class Detail:
    """A changed attribute.

    Args:
        attribute: Name or path of the attribute.
        before, after: Shortened values.
        forces_replacement: AWS cannot change the attribute, so the resource is replaced.
    """

    attribute: str
    before: str
    after: str
    forces_replacement: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """A planned change of one resource.

    Args:
        stack: Name of the stack.
        address: Terraform address in the stack.
        kind: Terraform type.
        path: Construct path; the address if the configuration no longer has the resource.
        action: What is done.
        name: Name in AWS; empty when the state does not have it.
        details: Changed attributes of a change or a replacement.
        protected: AWS currently refuses to delete the resource.
    """

    stack: str
    address: str
    kind: str
    path: str
    action: Action
    name: str = ""
    details: tuple[Detail, ...] = ()
    protected: bool = False

    @property
    def loses_data(self) -> bool:
        """Whether data of the resource is lost."""
        return self.kind in STATEFUL_TYPES and self.action in (Action.REPLACE, Action.DESTROY)

    @property
    def description(self) -> str:
        """Type and name, such as "the database anb-production-postgres"."""
        type_name = STATEFUL_TYPES[self.kind][1] if self.kind in STATEFUL_TYPES else self.kind
        return f"the {type_name} {self.name or self.path}"


@dataclass(frozen=True, kw_only=True)
class StackPlan:
    """The plan of one stack.

    Args:
        stack: Name of the stack.
        basis: Source of the plan.
        changes: Planned changes by address; empty if the stack is planned later.
        applyable: Applying the plan has an effect, if only on outputs.
        replan_after: Stacks whose outputs will change; the stack is planned again after them.
    """

    stack: str
    basis: Basis
    changes: tuple[Change, ...] = ()
    applyable: bool = False
    replan_after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The plans of all stacks, in dependency order."""

    stacks: tuple[StackPlan, ...]

    @property
    def changes(self) -> list[Change]:
        """All changes."""
        return [change for stack_plan in self.stacks for change in stack_plan.changes]

    @property
    def losses(self) -> list[Change]:
        """Changes that lose data and need confirmation by name."""
        return [change for change in self.changes if change.loses_data]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to apply."""
        return not any(stack_plan.applyable or stack_plan.basis is Basis.DEFERRED for stack_plan in self.stacks)


def from_terraform(stack: StackNode, plan_json: Mapping[str, Any], replan_after: tuple[str, ...] = ()) -> StackPlan:
    """Create a stack's plan from Terraform's.

    Args:
        stack: The stack.
        plan_json: Output of ``terraform show -json``.
        replan_after: Stacks whose outputs will change.

    Source: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
    """
    paths = stack.paths()
    changes = tuple(
        _change(stack.name, entry, paths)
        for entry in plan_json.get("resource_changes", [])
        if entry["mode"] == "managed" and tuple(entry["change"]["actions"]) in _ACTIONS
    )
    return StackPlan(
        stack=stack.name,
        basis=Basis.TERRAFORM,
        changes=changes,
        applyable=bool(plan_json.get("applyable", bool(changes))),
        replan_after=replan_after,
    )


def from_configuration(stack: StackNode) -> StackPlan:
    """Create the plan of a stack that was never applied: all of its resources are created."""
    changes = tuple(
        Change(stack=stack.name, address=resource.address, kind=resource.kind, path=resource.path, action=Action.CREATE)
        for resource in template.resources(stack.document)
    )
    return StackPlan(stack=stack.name, basis=Basis.CONFIGURATION, changes=changes, applyable=True)


def changed_outputs(plan_json: Mapping[str, Any]) -> frozenset[str]:
    """Names of the outputs that a plan changes."""
    changes = plan_json.get("output_changes", {})
    return frozenset(name for name, change in changes.items() if change["actions"] != ["no-op"])


def _change(stack: str, entry: Mapping[str, Any], paths: Mapping[str, str]) -> Change:
    change, kind = entry["change"], entry["type"]
    action = _ACTIONS[tuple(change["actions"])]
    before = change.get("before") or {}
    name_attribute = STATEFUL_TYPES[kind][0] if kind in STATEFUL_TYPES else "name"
    deletes = action in (Action.REPLACE, Action.DESTROY)
    return Change(
        stack=stack,
        address=entry["address"],
        kind=kind,
        path=paths.get(entry["address"], entry["address"]),
        action=action,
        name=str(before.get(name_attribute) or ""),
        details=tuple(_details(change)) if action in (Action.CHANGE, Action.REPLACE) else (),
        protected=deletes and any(before.get(attribute) is True for attribute in _PROTECTION_ATTRIBUTES),
    )


def _details(change: Mapping[str, Any]) -> Iterator[Detail]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    forcing = {path[0] for path in change.get("replace_paths", []) if path}
    for attribute in sorted({*before, *after, *unknown}):
        forces, is_unknown = attribute in forcing, unknown.get(attribute) is True
        # A replacement gets new computed attributes from AWS; only configured ones are of interest.
        if is_unknown and not forces and change["actions"] != ["update"]:
            continue
        old, new = before.get(attribute), UNKNOWN if is_unknown else after.get(attribute)
        if old == new:
            continue
        if _is_sensitive(change, attribute):
            yield Detail(attribute=attribute, before=HIDDEN, after=HIDDEN, forces_replacement=forces)
        else:
            for path, old_text, new_text in find_differences(attribute, old, new):
                yield Detail(attribute=path, before=old_text, after=new_text, forces_replacement=forces)


def _is_sensitive(change: Mapping[str, Any], attribute: str) -> bool:
    """Whether an attribute holds a value that Terraform marks as sensitive, at any depth."""
    marks = [change.get("before_sensitive"), change.get("after_sensitive")]
    return any(
        mark is True or (isinstance(mark, Mapping) and any(leaf is True for _, leaf in leaves("", mark.get(attribute))))
        for mark in marks
    )
