"""What AWS offers in a region, the supported regions, and the architectures."""

from __future__ import annotations

import json

import pytest

from constructs_lib import ConstructError, Stack
from constructs_lib.foundation import cdk, offers, stack_context
from constructs_lib.foundation.offers import Kind


@pytest.mark.parametrize(
    ("kind", "name", "region", "missing"),
    [
        ("instance_types", "t2.micro", "eu-south-2", True),
        ("instance_types", "t2.micro", "us-east-1", False),
        ("instance_types", "t3.small", "eu-south-2", False),
        ("instance_types", "z99.large", "us-east-1", False),
        ("instance_types", "t2.micro", "xx-new-1", False),
        ("instance_types", "t2.micro", "", False),
        ("database_classes", "db.t4g.micro", "ca-west-1", True),
        ("database_classes", "db.t3.micro", "ca-west-1", False),
        ("database_classes", "db.t4g.micro", "us-east-1", False),
    ],
)
def test_type_that_a_region_lacks(kind: Kind, name: str, region: str, missing: bool) -> None:
    assert offers.is_missing(kind, name, region) is missing


def test_nineteen_regions_lack_the_oldest_burstable_types() -> None:
    regions = offers.table()["regions"].split()

    # GovCloud's us-gov-east-1 is the nineteenth.
    assert sum(offers.is_missing("instance_types", "t2.small", region) for region in regions) == 18


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eu-isoe-west-1", "eusc-de-east-1"])
def test_region_of_another_partition_is_rejected(region: str) -> None:
    with pytest.raises(ConstructError, match=f"shop: region is '{region}'; must be a region of the partition aws"):
        Stack(cdk.Testing.app(), "shop", region=region)


def test_unknown_region_is_checked_by_terraform() -> None:
    stack = cdk.TerraformStack(cdk.Testing.app(), "shop")
    for _ in range(2):
        stack_context.region(stack)

    (region,) = json.loads(cdk.Testing.synth(stack))["data"]["aws_region"].values()

    (supported,) = region["lifecycle"]["postcondition"]
    assert supported["condition"] == '${!can(regex("^(cn-|us-gov-|us-iso|eu-iso|eusc-)", self.name))}'
    assert supported["error_message"].startswith("region is ${self.name}; must be a region of the partition aws")


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        ("t3.small", "amd64"),
        ("t4g.micro", "arm64"),
        ("m7gd.large", "arm64"),
        ("im4gn.large", "arm64"),
        ("a1.medium", "arm64"),
        ("g5g.xlarge", "arm64"),
        ("g5.xlarge", "amd64"),
        ("g4dn.xlarge", "amd64"),
        ("m7i-flex.large", "amd64"),
        ("c7a.large", "amd64"),
        ("inf2.xlarge", "amd64"),
    ],
)
def test_architecture_of_an_instance_type(instance_type: str, architecture: str) -> None:
    assert offers.architecture(instance_type) == architecture


def test_architecture_of_an_image_parameter() -> None:
    assert offers.image_architecture("/aws/service/debian/release/13/latest/arm64") == "arm64"
    assert offers.image_architecture("/aws/service/debian/release/13/latest/amd64") == "amd64"
    assert offers.image_architecture("/shop/image") is None
    assert offers.image_architecture("ami-12345678") is None
