"""False differences that a second plan against the emulator shows, with their reasons.

Any other difference fails the test. None of these appears on AWS.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class KnownDrift:
    """An attribute that the emulator does not return as it was set.

    Args:
        kind: Terraform type.
        attribute: Name of the attribute.
        reason: Behavior of the emulator.
    """

    kind: str
    attribute: str
    reason: str


KNOWN_DRIFT = (
    KnownDrift(
        "aws_db_parameter_group", "parameter", "moto forgets a parameter group's parameters, rds.force_ssl among them"
    ),
    KnownDrift("aws_autoscaling_policy", "enabled", "moto does not report that a scaling policy is enabled"),
    KnownDrift(
        "aws_autoscaling_policy",
        "predictive_scaling_configuration",
        "moto answers with an empty predictive configuration for every policy",
    ),
    KnownDrift(
        "aws_autoscaling_group",
        "capacity_reservation_specification",
        "shown with any change of the group: moto answers null where the provider expects nothing",
    ),
    KnownDrift("aws_autoscaling_group", "instance_maintenance_policy", "moto forgets a group's maintenance policy"),
    KnownDrift(
        "aws_autoscaling_lifecycle_hook",
        "notification_target_arn",
        "moto invents a queue for every hook",
    ),
    KnownDrift("aws_autoscaling_lifecycle_hook", "role_arn", "moto invents a role for every hook"),
    KnownDrift(
        "aws_vpc_security_group_ingress_rule", "description", "moto forgets the description of a rule between groups"
    ),
    KnownDrift(
        "aws_vpc_security_group_egress_rule", "description", "moto forgets the description of a rule between groups"
    ),
)


@dataclasses.dataclass(frozen=True)
class Differences:
    """Differences in the plans of several stacks.

    Args:
        unexpected: A line for each difference that is not known.
        seen: Known differences, by type and attribute.
    """

    unexpected: list[str]
    seen: set[tuple[str, str]]


def differences(plans: Mapping[str, Mapping[str, Any]]) -> Differences:
    """Find the differences in plans that should have none.

    Args:
        plans: Output of ``terraform show -json`` by stack.
    """
    known = {(drift.kind, drift.attribute) for drift in KNOWN_DRIFT}
    found = Differences([], set())
    for stack, plan in plans.items():
        for change in plan.get("resource_changes", []):
            actions = change["change"]["actions"]
            if change["mode"] != "managed" or actions == ["no-op"]:
                continue
            if actions != ["update"]:
                found.unexpected.append(f"{stack}: {change['address']} would be {actions}")
                continue
            before, after = change["change"]["before"], change["change"]["after"]
            for attribute in sorted(before.keys() | after.keys()):
                if before.get(attribute) == after.get(attribute):
                    continue
                if (change["type"], attribute) in known:
                    found.seen.add((change["type"], attribute))
                else:
                    values = f"{before.get(attribute)} -> {after.get(attribute)}"
                    found.unexpected.append(f"{stack}: {change['address']}.{attribute}: {values}")
    return found
