"""Rules that a stack breaks at synth, for any team's stacks and with nothing to install.

    cdk.Aspects.of(stack).add(SecurityAspect())

Each finding is an error of the construct it is about, and a synth with errors writes nothing that could be deployed.
A construct that has a reason enters it in the register: ``waive(construct, ..., explains=["<rule>"])``.
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
"""All rules, in the order they are told."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """A rule that a resource breaks.

    Args:
        path: path of the construct.
        rule: what ``explains`` may name to excuse it; any of checkov's ids does too.
        message: what is wrong, what is allowed and how to mend it.
    """

    path: str
    rule: Rule
    message: str


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """What a synthesized stack breaks and its register does not explain."""
    stack = RuleContext(document)
    register = registered(document)
    return [
        Finding(resource.path, rule, rule.message(what))
        for resource in stack.resources
        for rule in RULES
        for what in rule.breaks(resource, stack)
        if not any(each.covers(resource.path, rule.ids) for each in register)
    ]


@jsii.implements(cdk.IAspect)
class SecurityAspect:
    """Makes every finding in a stack an error at synth. Add it to stacks; on an app it would be asked nothing."""

    def visit(self, node: Any) -> None:
        """Look at a stack as it will be written; everything else in it has been looked at with it."""
        if not isinstance(node, cdk.TerraformStack):
            return
        for finding in findings(node.to_terraform()):
            part = _descend(node, finding.path)
            cdk.Annotations.of(part).add_error(finding.message)


def _descend(stack: cdk.TerraformStack, path: str) -> Any:
    part: Any = stack
    for name in path.removeprefix(f"{stack.node.path}/").split("/"):
        part = part.node.try_find_child(name) or part
    return part
