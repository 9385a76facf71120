"""What a second plan against the emulator shows although nothing changed, each with its reason.

A difference that is not listed here fails the test. On AWS none of them appears.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class FalseDifference:
    """An attribute that the emulator does not give back as it was set.

    Args:
        kind: type of the resource.
        attribute: the attribute.
        reason: what the emulator does.
    """

    kind: str
    attribute: str
    reason: str


LISTED = (
    FalseDifference(
        "aws_db_parameter_group", "parameter", "moto forgets a parameter group's parameters, rds.force_ssl among them"
    ),
    FalseDifference("aws_autoscaling_policy", "enabled", "moto does not say that a scaling policy is enabled"),
    FalseDifference(
        "aws_autoscaling_policy",
        "predictive_scaling_configuration",
        "moto answers with an empty predictive configuration for every policy",
    ),
    FalseDifference(
        "aws_launch_template",
        "tag_specifications",
        "moto lists the template's own tags among those of what it launches",
    ),
    FalseDifference(
        "aws_launch_template", "latest_version", "follows from tag_specifications: a change makes a version"
    ),
    FalseDifference("aws_launch_template", "default_version", "follows from latest_version"),
    FalseDifference("aws_autoscaling_group", "launch_template", "follows from the template's latest_version"),
    FalseDifference(
        "aws_autoscaling_group",
        "capacity_reservation_specification",
        "shown with any change of the group: moto answers null where the provider expects nothing",
    ),
    FalseDifference(
        "aws_autoscaling_group", "instance_maintenance_policy", "moto forgets a group's maintenance policy"
    ),
    FalseDifference(
        "aws_autoscaling_lifecycle_hook",
        "notification_target_arn",
        "moto gives every hook a queue of its own invention",
    ),
    FalseDifference("aws_autoscaling_lifecycle_hook", "role_arn", "moto gives every hook a role of its own invention"),
    FalseDifference(
        "aws_vpc_security_group_ingress_rule", "description", "moto forgets the description of a rule between groups"
    ),
    FalseDifference(
        "aws_vpc_security_group_egress_rule", "description", "moto forgets the description of a rule between groups"
    ),
)


@dataclasses.dataclass(frozen=True)
class Differences:
    """What plans of several stacks show.

    Args:
        unexpected: a line for each difference that is not listed.
        seen: those that are listed, by kind and attribute.
    """

    unexpected: list[str]
    seen: set[tuple[str, str]]


def differences(plans: Mapping[str, Mapping[str, Any]]) -> Differences:
    """What is no longer as it was applied.

    Args:
        plans: by stack, as ``terraform show -json`` tells them.
    """
    listed = {(each.kind, each.attribute) for each in LISTED}
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
                if (change["type"], attribute) in listed:
                    found.seen.add((change["type"], attribute))
                else:
                    change_told = f"{before.get(attribute)} -> {after.get(attribute)}"
                    found.unexpected.append(f"{stack}: {change['address']}.{attribute}: {change_told}")
    return found
