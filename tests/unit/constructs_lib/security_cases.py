"""Cases of the rules of SecurityAspect: a violating stack, its message, and a compliant stack."""

from __future__ import annotations

import json
from typing import Any

from constructs_lib.governance.security_aspect import findings

Document = dict[str, dict[str, dict[str, Any]]]
"""Resources of a stack, by type and name. Types of data sources start with ``data.``."""
Case = tuple[str, str, Document, Document]
"""A rule, its description of the violation, a violating stack and a compliant one."""


def one(kind: str, **properties: Any) -> Document:
    """Create a stack of one resource."""
    return {kind: {"it": properties}}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", **each} for each in statements]})


def violations(stack: Document) -> list[tuple[str, str]]:
    """Return each finding's rule and message."""
    data = {kind.removeprefix("data."): named for kind, named in stack.items() if kind.startswith("data.")}
    resources = {kind: named for kind, named in stack.items() if not kind.startswith("data.")}
    return [(finding.rule.id, finding.message) for finding in findings({"resource": resources, "data": data})]


def check(case: Case) -> None:
    """Assert that the bad stack violates only this rule, with a full message, and the good one none."""
    rule, violation, bad, good = case
    ((violated, message),) = violations(bad)
    assert violated == rule
    assert message.startswith(f"{violation}; must be ")
    assert f" ({rule}). Fix: " in message
    assert message.endswith(", or record the reason with waive().")
    assert violations(good) == []
