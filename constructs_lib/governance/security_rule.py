"""What a rule of ``SecurityAspect`` is, and how the rules read a stack."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from constructs_lib.foundation import template
from constructs_lib.foundation.template import Resource, blocks

_POLICY_DATA = "data.aws_iam_policy_document"


class RuleContext:
    """A synthesized stack as the rules look at it.

    Args:
        document: the parsed ``cdk.tf.json``.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.resources = tuple(template.resources(document))
        self._by_kind: dict[str, list[Resource]] = {}
        for resource in (*self.resources, *template.data(document)):
            self._by_kind.setdefault(resource.kind, []).append(resource)

    def about(self, resource: Resource, kind: str, option: str, *names: str) -> list[Resource]:
        """The resources of a kind whose option names a resource, by reference or by one of the names given."""
        reference = f"{resource.address}."
        return [
            part
            for part in self._by_kind.get(kind, [])
            if (value := part.properties.get(option)) and (reference in str(value) or value in names)
        ]

    def statements(self, policy: object) -> list[dict[str, Any]] | None:
        """The statements of a policy as IAM's JSON has them.

        It may be JSON or the reference to an ``aws_iam_policy_document`` of the stack. What another stack or a
        resource's attribute holds is not known here: ``None``.
        """
        for data in self._by_kind.get(_POLICY_DATA, []):
            if f"{data.address}.json" in str(policy):
                return [_from_block(block) for block in data.blocks("statement")]
        try:
            statements = json.loads(str(policy))["Statement"]
        except (ValueError, KeyError, TypeError):
            return None
        return [statements] if isinstance(statements, dict) else list(statements)


Breaks = Callable[[Resource, RuleContext], Iterator[str]]
"""Yields what a resource of a stack does wrong."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of the Aspect.

    Args:
        id: its name, which ``explains`` may name to excuse it.
        breaks: yields what a resource does wrong.
        allowed: the compliant configuration, completing "must be".
        fix: what the user should do, in the imperative, without a final period.
        checkov: ids of checkov's rules about the same thing; they excuse it too.
    """

    id: str
    breaks: Breaks
    allowed: str
    fix: str
    checkov: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id that excuses it."""
        return (self.id, *self.checkov)

    def message(self, what: str) -> str:
        """The sentence for a resource that breaks it."""
        return f"{what}; must be {self.allowed} ({self.id}). Fix: {self.fix}, or record the reason with waive()."


def _from_block(block: Mapping[str, Any]) -> dict[str, Any]:
    """A statement of ``aws_iam_policy_document``, spelled as IAM does."""
    spelled = {
        "actions": "Action",
        "not_actions": "NotAction",
        "resources": "Resource",
        "not_resources": "NotResource",
    }
    statement: dict[str, Any] = {"Effect": block.get("effect", "Allow")}
    statement |= {iam: block[name] for name, iam in spelled.items() if block.get(name)}
    if principals := blocks(block, "principals"):
        statement["Principal"] = {each["type"]: each["identifiers"] for each in principals}
        if any(each["type"] == "*" for each in principals):
            statement["Principal"] = "*"
    condition: dict[str, dict[str, Any]] = {}
    for each in blocks(block, "condition"):
        condition.setdefault(each["test"], {})[each["variable"]] = each["values"]
    return statement | ({"Condition": condition} if condition else {})


def true(value: object) -> bool:
    """Whether Terraform takes a value as true."""
    return value in (True, "true")


def listed(value: Any) -> list[Any]:
    """A value that may have been written once or as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else [value]
