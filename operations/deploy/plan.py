"""What Terraform would do, as a structure people's questions are asked of: made from ``terraform show -json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from constructs_lib.foundation import template
from operations.deploy.diff import differing, leaves
from operations.deploy.stack_graph import StackNode

HOLDS_DATA = {
    "aws_cloudwatch_log_group": ("name", "log group"),
    "aws_db_instance": ("identifier", "database"),
    "aws_kms_key": ("key_id", "key"),
    "aws_route53_zone": ("name", "zone"),
    "aws_s3_bucket": ("bucket", "bucket"),
    "aws_secretsmanager_secret": ("name", "secret"),
    "aws_sqs_queue": ("name", "queue"),
}
"""The types whose resources hold what cannot be made again, the attribute people know one by, and their word for it."""

_GUARDS = ("deletion_protection", "enable_deletion_protection")
UNKNOWN = "(known when applied)"
HIDDEN = "(sensitive)"


class Action(Enum):
    """What is done to a resource."""

    CREATE = "create"
    CHANGE = "change"
    REPLACE = "replace"
    DESTROY = "destroy"
    FORGET = "forget"


class Basis(Enum):
    """What a stack's part of the plan was made from."""

    TERRAFORM = "planned by Terraform"
    CONFIGURATION = "never applied: everything in its configuration is created"
    LATER = "planned when the stacks it reads are applied"


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
    """An attribute that changes.

    Args:
        attribute: its name.
        before, after: its values for people, short.
        forces: whether AWS cannot change it, so that the resource is replaced.
    """

    attribute: str
    before: str
    after: str
    forces: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is done to one resource.

    Args:
        stack: the stack's name.
        address: Terraform's, inside the stack.
        kind: Terraform's type.
        path: path of the construct, or the address of one that the configuration no longer has.
        action: what is done.
        name: what AWS calls it, when the state knows.
        details: what changes, for a change or a replacement.
        guarded: whether AWS refuses to delete it as it is now.
    """

    stack: str
    address: str
    kind: str
    path: str
    action: Action
    name: str = ""
    details: tuple[Detail, ...] = ()
    guarded: bool = False

    @property
    def loses_data(self) -> bool:
        """Whether what it holds is gone afterwards."""
        return self.kind in HOLDS_DATA and self.action in (Action.REPLACE, Action.DESTROY)

    @property
    def described(self) -> str:
        """Such as "the database anb-production-postgres"."""
        word = HOLDS_DATA[self.kind][1] if self.kind in HOLDS_DATA else self.kind
        return f"the {word} {self.name or self.path}"


@dataclass(frozen=True, kw_only=True)
class StackPlan:
    """What is done to one stack.

    Args:
        stack: its name.
        basis: what this was made from.
        changes: by address; none is known of one that is planned later.
        applies: whether applying it does anything at all, an output included.
        follows: stacks before it whose outputs are about to change, after which it is planned again.
    """

    stack: str
    basis: Basis
    changes: tuple[Change, ...] = ()
    applies: bool = False
    follows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is done to all stacks, in the order it is done."""

    stacks: tuple[StackPlan, ...]

    @property
    def changes(self) -> list[Change]:
        """Everything that is done."""
        return [change for stack in self.stacks for change in stack.changes]

    @property
    def losses(self) -> list[Change]:
        """What loses data, and has to be named before it is done."""
        return [change for change in self.changes if change.loses_data]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to apply."""
        return not any(stack.applies or stack.basis is Basis.LATER for stack in self.stacks)


def from_terraform(stack: StackNode, shown: Mapping[str, Any], follows: tuple[str, ...] = ()) -> StackPlan:
    """A stack's part, as Terraform planned it.

    Args:
        stack: the stack.
        shown: what ``terraform show -json`` says of the plan.
        follows: the stacks whose outputs are about to change.

    Source: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
    """
    paths = stack.paths()
    changes = tuple(
        _change(stack.name, entry, paths)
        for entry in shown.get("resource_changes", [])
        if entry["mode"] == "managed" and tuple(entry["change"]["actions"]) in _ACTIONS
    )
    applies = bool(shown.get("applyable", bool(changes)))
    return StackPlan(stack=stack.name, basis=Basis.TERRAFORM, changes=changes, applies=applies, follows=follows)


def from_configuration(stack: StackNode) -> StackPlan:
    """The part of a stack that was never applied: all that it holds is created."""
    changes = tuple(
        Change(stack=stack.name, address=each.address, kind=each.kind, path=each.path, action=Action.CREATE)
        for each in template.resources(stack.document)
    )
    return StackPlan(stack=stack.name, basis=Basis.CONFIGURATION, changes=changes, applies=True)


def changed_outputs(shown: Mapping[str, Any]) -> frozenset[str]:
    """The outputs that a plan changes."""
    return frozenset(name for name, change in shown.get("output_changes", {}).items() if change["actions"] != ["no-op"])


def _change(stack: str, entry: Mapping[str, Any], paths: Mapping[str, str]) -> Change:
    change, kind = entry["change"], entry["type"]
    action = _ACTIONS[tuple(change["actions"])]
    before = change.get("before") or {}
    named_by = HOLDS_DATA[kind][0] if kind in HOLDS_DATA else "name"
    return Change(
        stack=stack,
        address=entry["address"],
        kind=kind,
        path=paths.get(entry["address"], entry["address"]),
        action=action,
        name=str(before.get(named_by) or ""),
        details=tuple(_details(change)) if action in (Action.CHANGE, Action.REPLACE) else (),
        guarded=action in (Action.REPLACE, Action.DESTROY) and any(before.get(guard) is True for guard in _GUARDS),
    )


def _details(change: Mapping[str, Any]) -> Iterator[Detail]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    forcing = {path[0] for path in change.get("replace_paths", []) if path}
    for attribute in sorted({*before, *after, *unknown}):
        forces, appears = attribute in forcing, unknown.get(attribute) is True
        # What AWS gives the new one of its own accord says nothing; what people set and changed does.
        if appears and not forces and change["actions"] != ["update"]:
            continue
        old, new = before.get(attribute), UNKNOWN if appears else after.get(attribute)
        if old == new:
            continue
        if _hides(change, attribute):
            yield Detail(attribute=attribute, before=HIDDEN, after=HIDDEN, forces=forces)
        else:
            for path, was, becomes in differing(attribute, old, new):
                yield Detail(attribute=path, before=was, after=becomes, forces=forces)


def _hides(change: Mapping[str, Any], attribute: str) -> bool:
    """Whether a secret is in it: Terraform marks the values that are, at any depth."""
    marks = [change.get("before_sensitive"), change.get("after_sensitive")]
    return any(
        mark is True or (isinstance(mark, Mapping) and any(each is True for _, each in leaves("", mark.get(attribute))))
        for mark in marks
    )
