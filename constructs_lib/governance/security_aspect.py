"""Security rules that are checked at synth, for the stacks of any team.

    cdk.Aspects.of(stack).add(SecurityAspect())

Each finding is an error of its construct, and a synth with errors writes no deployable files. To accept a finding,
record the reason: ``waive(construct, ..., explains=["<rule>"])``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jsii

from constructs_lib.foundation import cdk
from constructs_lib.foundation.waivers import registered
from constructs_lib.governance import access_rules, data_rules, network_rules
from constructs_lib.governance.security_rule import Rule, RuleContext

RULES = (*network_rules.RULES, *data_rules.RULES, *access_rules.RULES)
"""All rules, in the order of the findings."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """A resource that violates a rule.

    Args:
        path: path of the construct.
        rule: violated rule.
        message: the violation, the allowed configuration and the fix.
    """

    path: str
    rule: Rule
    message: str


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """Find the violations of a synthesized stack that its register of waivers does not explain."""
    stack = RuleContext(document)
    register = registered(document)
    return [
        Finding(resource.path, rule, rule.message(violation))
        for resource in stack.resources
        for rule in RULES
        for violation in rule.check(resource, stack)
        if not any(waiver.covers(resource.path, rule.ids) for waiver in register)
    ]


@jsii.implements(cdk.IAspect)
class SecurityAspect:
    """Make every finding an error at synth. Add it to stacks; it does nothing on an app."""

    def visit(self, node: Any) -> None:
        """Check a stack as it will be written, including all of its constructs; ignore other nodes."""
        if not isinstance(node, cdk.TerraformStack):
            return
        for finding in findings(node.to_terraform()):
            construct = _find_construct(node, finding.path)
            cdk.Annotations.of(construct).add_error(finding.message)


def _find_construct(stack: cdk.TerraformStack, path: str) -> Any:
    construct: Any = stack
    for name in path.removeprefix(f"{stack.node.path}/").split("/"):
        construct = construct.node.try_find_child(name) or construct
    return construct
