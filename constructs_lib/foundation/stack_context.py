"""Where a construct is made: the region its stack says, or what Terraform finds out, once for each stack."""

from __future__ import annotations

from typing import Any

from constructs_lib.foundation import cdk

_REGION = "constructs_lib:region"


def set_region(stack: cdk.TerraformStack, region: str) -> None:
    """Say the region of a stack, before it has constructs."""
    # Node keeps it, so that it is found however many Python objects have stood for the stack.
    stack.node.set_context(_REGION, region)


def region(scope: cdk.Construct) -> str:
    """The region's name; a reference where the stack does not say it."""
    said = scope.node.try_get_context(_REGION)
    return str(said) if said else str(_found(scope, "aws-region", "data_aws_region", "DataAwsRegion").name)


def account(scope: cdk.Construct) -> str:
    """A reference to the account's number."""
    return str(_found(scope, "aws-account", "data_aws_caller_identity", "DataAwsCallerIdentity").account_id)


def partition(scope: cdk.Construct) -> str:
    """A reference to the partition: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
    return str(_found(scope, "aws-partition", "data_aws_partition", "DataAwsPartition").partition)


def _found(scope: cdk.Construct, id: str, module: str, kind: str) -> Any:
    stack = cdk.TerraformStack.of(scope)
    made = stack.node.try_find_child(id)
    return made if made is not None else getattr(getattr(cdk.aws, module), kind)(stack, id)
