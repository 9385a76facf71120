"""AWS accepts the values of every resource: cfn-lint's schemas of AWS, in ten regions.

The resources of all variants are translated to CloudFormation, and each different one is checked once.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import cloudformation
import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from conftest import EVERY_OPTION, Stacks

from constructs_lib.foundation.template import Resource

REGIONS = [
    *("us-east-1", "sa-east-1", "mx-central-1", "eu-south-2", "eu-west-1"),
    *("us-west-2", "ap-southeast-1", "ap-southeast-7", "il-central-1", "af-south-1"),
]
"""Regions of every age: the first ones, and ones that lack instance types and services."""

_IGNORED = ["W", "I", "E1", "E2"]
"""Warnings, and rules of a template's own form, such as its number of parameters."""

_MAX_RESOURCES = 500
"""CloudFormation's limit for a template."""


@pytest.fixture(scope="module")
def translated(variants: dict[str, Stacks]) -> dict[str, dict[str, Any]]:
    """Every different resource in CloudFormation's form, by a place where it was synthesized."""
    found: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    for variant, stacks in variants.items():
        for resource in cloudformation.resources(stacks):
            if resource.kind in cloudformation.KINDS:
                text = json.dumps(cloudformation.translate(resource), sort_keys=True)
                if text not in seen:
                    seen.add(text)
                    found[f"{variant}: {resource.path} ({resource.kind})"] = cloudformation.translate(resource, variant)
    return found


def errors(parts: dict[str, dict[str, Any]], regions: list[str]) -> Iterator[str]:
    """Yield cfn-lint's errors, each with the place of its resource.

    A template holds one variant: names must be unique in it, and the variants have the same names.
    """
    for _, group in itertools.groupby(parts, key=lambda place: place.rpartition(": ")[0]):
        places = list(group)
        for first in range(0, len(places), _MAX_RESOURCES):
            chunk = places[first : first + _MAX_RESOURCES]
            template = {
                "Parameters": {
                    name: {"Type": "String"} for place in chunk for name in cloudformation.references(parts[place])
                },
                "Resources": {
                    f"R{number}": cloudformation.with_suffix(parts[place], number) for number, place in enumerate(chunk)
                },
            }
            config = ManualArgs(regions=regions, ignore_checks=_IGNORED)
            for match in lint(json.dumps(template, indent=1), config=config):
                path = [str(part) for part in getattr(match, "path", None) or []]
                place = chunk[int(path[1][1:])] if path[:1] == ["Resources"] else "template"
                yield f"{place}: {'/'.join(path[3:])}: {match.message} [{match.rule.id}]"


def test_every_synthesized_type_is_checked_or_has_a_reason(variants: dict[str, Stacks]) -> None:
    kinds = {resource.kind for stacks in variants.values() for resource in cloudformation.resources(stacks)}

    assert kinds - cloudformation.KINDS.keys() - cloudformation.WITHOUT.keys() == set()
    assert cloudformation.KINDS.keys() & cloudformation.WITHOUT.keys() == set()


def test_aws_accepts_every_value_in_ten_regions(translated: dict[str, dict[str, Any]]) -> None:
    product = {place: part for place, part in translated.items() if not place.startswith(EVERY_OPTION)}

    assert list(errors(product, REGIONS)) == []


def test_aws_accepts_every_value_of_the_example_in_its_region(translated: dict[str, dict[str, Any]]) -> None:
    example = {place: part for place, part in translated.items() if place.startswith(EVERY_OPTION)}

    assert list(errors(example, ["eu-west-1"])) == []


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return cloudformation.translate(Resource(kind=kind, name="it", path="it", properties=properties))


DATABASE = {
    "engine": "postgres",
    "engine_version": "16",
    "allocated_storage": 20,
    "instance_class": "db.t4g.micro",
    "backup_retention_period": 7,
}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (resource("aws_cloudwatch_log_group", retention_in_days=10), "10 is not one of"),
        (
            resource("aws_db_instance", **DATABASE, username="postgres", manage_master_user_password=True),
            "db.t4g.micro",
        ),
        (
            resource(
                "aws_db_instance",
                **{**DATABASE, "instance_class": "db.m6g.large", "engine_version": "16.99"},
                username="postgres",
                manage_master_user_password=True,
            ),
            "'16.99' is not one of",
        ),
        (resource("aws_sqs_queue", visibility_timeout_seconds=43201), "43201 is greater than the maximum of 43200"),
        (resource("aws_launch_template", name_prefix="it-", instance_type="t2.micro"), "t2.micro"),
        (resource("aws_s3_bucket", bucket="Videos"), "does not match"),
        (resource("aws_subnet", vpc_id="${aws_vpc.it.id}", unknown="it"), "Unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused_value_is_found(part: dict[str, Any], message: str) -> None:
    found = list(errors({"it": part}, ["us-east-1", "ca-west-1"]))

    assert any(message in error for error in found), found
