"""Region, account and partition of a stack, from the stack or from one data source per stack."""

from __future__ import annotations

from typing import Any

from constructs_lib.foundation import cdk, offers

_REGION = "constructs_lib:region"


def set_region(stack: cdk.TerraformStack, region: str) -> None:
    """Set the region of a stack, before it has constructs."""
    # Kept in Node, because several Python objects can represent one stack.
    stack.node.set_context(_REGION, region)


def region(scope: cdk.Construct) -> str:
    """Return the region's name, or a reference to it if the stack does not set it."""
    return known_region(scope) or str(_region_of_provider(scope).name)


def known_region(scope: cdk.Construct) -> str:
    """Return the region's name if the stack sets it; an empty text if only Terraform will know it."""
    return str(scope.node.try_get_context(_REGION) or "")


def account(scope: cdk.Construct) -> str:
    """Return a reference to the account's number."""
    return str(_find_or_create(scope, "aws-account", "data_aws_caller_identity", "DataAwsCallerIdentity").account_id)


def partition(scope: cdk.Construct) -> str:
    """Return a reference to the partition; other ones than ``aws`` are not supported."""
    return str(_find_or_create(scope, "aws-partition", "data_aws_partition", "DataAwsPartition").partition)


def _region_of_provider(scope: cdk.Construct) -> Any:
    """Return the data source of the region, which rejects the regions that ``offers.check_region`` does."""
    stack = cdk.TerraformStack.of(scope)
    existing = stack.node.try_find_child("aws-region")
    if existing is not None:
        return existing
    others = "|".join(offers.OTHER_PARTITIONS)
    supported = cdk.Postcondition(
        condition=f'${{!can(regex("^({others})", self.name))}}',
        error_message="region is ${self.name}; must be a region of the partition aws, such as us-east-1. Fix: choose "
        "another in the provider.",
    )
    lifecycle = cdk.TerraformResourceLifecycle(postcondition=[supported])
    return cdk.aws.data_aws_region.DataAwsRegion(stack, "aws-region", lifecycle=lifecycle)


def _find_or_create(scope: cdk.Construct, id: str, module: str, kind: str) -> Any:
    stack = cdk.TerraformStack.of(scope)
    existing = stack.node.try_find_child(id)
    return existing if existing is not None else getattr(getattr(cdk.aws, module), kind)(stack, id)
