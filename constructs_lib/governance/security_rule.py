"""Rules of ``SecurityAspect``, and their access to a stack."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from constructs_lib.foundation import template
from constructs_lib.foundation.template import Resource, blocks

_POLICY_DATA = "data.aws_iam_policy_document"


class RuleContext:
    """A synthesized stack, with lookups for the rules.

    Args:
        document: parsed ``cdk.tf.json`` of the stack.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.resources = tuple(template.resources(document))
        self._by_kind: dict[str, list[Resource]] = {}
        for resource in (*self.resources, *template.data(document)):
            self._by_kind.setdefault(resource.kind, []).append(resource)

    def related(self, resource: Resource, kind: str, option: str, *names: str) -> list[Resource]:
        """Return the resources of a type whose option refers to a resource, by reference or by one of these names."""
        reference = f"{resource.address}."
        return [
            candidate
            for candidate in self._by_kind.get(kind, [])
            if (value := candidate.properties.get(option)) and (reference in str(value) or value in names)
        ]

    def statements(self, policy: object) -> list[dict[str, Any]] | None:
        """Return the statements of a policy in IAM's JSON form, or ``None`` if they are unknown.

        The policy may be JSON or a reference to an ``aws_iam_policy_document`` of the stack. Policies of other stacks
        and attributes of resources are unknown.
        """
        for data in self._by_kind.get(_POLICY_DATA, []):
            if f"{data.address}.json" in str(policy):
                return [_from_block(block) for block in data.blocks("statement")]
        try:
            statements = json.loads(str(policy))["Statement"]
        except (ValueError, KeyError, TypeError):
            return None
        return [statements] if isinstance(statements, dict) else list(statements)


Check = Callable[[Resource, RuleContext], Iterator[str]]
"""Yields a description of each violation of a resource, completing "it"."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of ``SecurityAspect``.

    Args:
        id: id of the rule, which a waiver's ``explains`` can name.
        check: yields the violations of a resource.
        allowed: the compliant configuration, completing "must be".
        fix: what the user should do, in the imperative, without a final period.
        checkov: ids of the equivalent checkov rules, which ``explains`` can name too.
    """

    id: str
    check: Check
    allowed: str
    fix: str
    checkov: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids that a waiver can name."""
        return (self.id, *self.checkov)

    def message(self, violation: str) -> str:
        """Render the error for a resource that violates the rule."""
        return f"{violation}; must be {self.allowed} ({self.id}). Fix: {self.fix}, or record the reason with waive()."


def _from_block(block: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a statement of ``aws_iam_policy_document`` to IAM's JSON form."""
    iam_names = {
        "actions": "Action",
        "not_actions": "NotAction",
        "resources": "Resource",
        "not_resources": "NotResource",
    }
    statement: dict[str, Any] = {"Effect": block.get("effect", "Allow")}
    statement |= {iam: block[name] for name, iam in iam_names.items() if block.get(name)}
    if principals := blocks(block, "principals"):
        statement["Principal"] = {each["type"]: each["identifiers"] for each in principals}
        if any(each["type"] == "*" for each in principals):
            statement["Principal"] = "*"
    condition: dict[str, dict[str, Any]] = {}
    for each in blocks(block, "condition"):
        condition.setdefault(each["test"], {})[each["variable"]] = each["values"]
    return statement | ({"Condition": condition} if condition else {})


def is_true(value: object) -> bool:
    """Whether Terraform treats a value as true."""
    return value in (True, "true")


def as_list(value: Any) -> list[Any]:
    """Return a value as a list, whether it was written once or as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else [value]
