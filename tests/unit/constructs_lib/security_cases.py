"""How the rules of SecurityAspect are shown: what breaks one, in which words it is told, and what does not."""

from __future__ import annotations

import json
from typing import Any

from constructs_lib.governance.security_aspect import findings

Document = dict[str, dict[str, dict[str, Any]]]
"""The resources of a stack, by type and name. Data sources' types begin with ``data.``."""
Case = tuple[str, str, Document, Document]
"""A rule, what it says of the bad stack, the bad stack and a good one."""


def one(kind: str, **properties: Any) -> Document:
    """A stack of one resource."""
    return {kind: {"it": properties}}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", **each} for each in statements]})


def told(stack: Document) -> list[tuple[str, str]]:
    """Each finding's rule and message."""
    data = {kind.removeprefix("data."): found for kind, found in stack.items() if kind.startswith("data.")}
    resources = {kind: found for kind, found in stack.items() if not kind.startswith("data.")}
    return [(found.rule.id, found.message) for found in findings({"resource": resources, "data": data})]


def check(case: Case) -> None:
    """The bad stack breaks this rule alone, is told so with what is allowed and a way out; the good one breaks none."""
    rule, what, bad, good = case
    ((found, message),) = told(bad)
    assert found == rule
    assert message.startswith(f"{what}; must be ")
    assert f" ({rule}). Fix: " in message
    assert message.endswith(", or record the reason with waive().")
    assert told(good) == []
