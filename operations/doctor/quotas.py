"""Check of the AWS quotas that a deployment uses."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.foundation import template
from constructs_lib.foundation.template import Resource
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.doctor.findings import DoctorFinding, ok, problem, warning

Client = Callable[[str], Any]
"""Creates a boto3 client for a service."""

_CORES = {"t2.micro": 1, "t2.small": 1}
_DEFAULT_CORES = 2
"""vCPUs of all other instance types that the settings allow."""
_STANDARD_FAMILY = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d")
"""https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html"""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """An AWS quota.

    Args:
        name: Readable name, such as "VPCs".
        service, code: Identifiers in Service Quotas.
        kind: Terraform type of the counted resources.
        used: Counts the current usage.
        needs: Usage of one resource, given all resources of its stack; default 1.
        standard: AWS's default limit, used when Service Quotas is not available.
        own: Current usage of the deployment's Auto Scaling groups, given their names, for a quota whose ``needs`` is
            the most that a group ever uses; by default, ``needs`` is always used.
        note: What the needed number includes; empty if it is clear.
    """

    name: str
    service: str
    code: str
    kind: str
    used: Callable[[Client], int]
    standard: int
    needs: Callable[[Resource, Sequence[Resource]], int] = lambda _resource, _siblings: 1
    own: Callable[[Client, Collection[str]], int] | None = None
    note: str = ""


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


def _running_cores(client: Client) -> int:
    return _cores_of(client, [])


def _cores_of_groups(client: Client, groups: Collection[str]) -> int:
    if not groups:
        return 0
    return _cores_of(client, [{"Name": "tag:aws:autoscaling:groupName", "Values": sorted(groups)}])


def _cores_of(client: Client, filters: Sequence[Mapping[str, Any]]) -> int:
    """Count the vCPUs of running On-Demand instances of the standard families; the quota counts no others."""
    states = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    reservations = _pages(client("ec2"), "describe_instances", "Reservations", Filters=[states, *filters])
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    return sum(
        options["CoreCount"] * options["ThreadsPerCore"]
        if (options := instance.get("CpuOptions"))
        else _CORES.get(instance["InstanceType"], _DEFAULT_CORES)
        for instance in instances
        if _STANDARD_FAMILY.match(instance["InstanceType"]) and instance.get("InstanceLifecycle") != "spot"
    )


def _peak_cores(group: Resource, siblings: Sequence[Resource]) -> int:
    """Count the vCPUs of the maximum capacity while it is replaced: new instances start before old ones stop."""
    launch_template = next(resource for resource in siblings if resource.kind == "aws_launch_template")
    policies = group.blocks("instance_maintenance_policy")
    percentage = max([100, *(int(policy["max_healthy_percentage"]) for policy in policies)])
    instances = math.ceil(int(group.properties["max_size"]) * percentage / 100)
    return instances * _CORES.get(launch_template.properties["instance_type"], _DEFAULT_CORES)


def _nat_gateways(client: Client) -> int:
    active = [{"Name": "state", "Values": ["pending", "available"]}]
    return len(_pages(client("ec2"), "describe_nat_gateways", "NatGateways", Filter=active))


QUOTAS = (
    Quota(
        name="VPCs",
        service="vpc",
        code="L-F678F1CE",
        kind="aws_vpc",
        used=lambda client: len(_pages(client("ec2"), "describe_vpcs", "Vpcs")),
        standard=5,
    ),
    Quota(
        name="Elastic IP addresses",
        service="ec2",
        code="L-0263D0A3",
        kind="aws_eip",
        used=lambda client: len(client("ec2").describe_addresses()["Addresses"]),
        standard=5,
    ),
    Quota(
        # AWS counts them by zone; in the worst case all are in one.
        name="NAT gateways in a zone",
        service="vpc",
        code="L-FE5A380F",
        kind="aws_nat_gateway",
        used=_nat_gateways,
        standard=5,
    ),
    Quota(
        name="load balancers",
        service="elasticloadbalancing",
        code="L-53DA6B97",
        kind="aws_lb",
        used=lambda client: len(_pages(client("elbv2"), "describe_load_balancers", "LoadBalancers")),
        standard=50,
    ),
    Quota(
        name="databases",
        service="rds",
        code="L-7B6409FD",
        kind="aws_db_instance",
        used=lambda client: len(_pages(client("rds"), "describe_db_instances", "DBInstances")),
        standard=40,
    ),
    Quota(
        name="vCPUs of standard instances",
        service="ec2",
        code="L-1216C47A",
        kind="aws_autoscaling_group",
        used=_running_cores,
        needs=_peak_cores,
        standard=5,
        own=_cores_of_groups,
        note="the maximum capacity, and half as much again while instances are replaced",
    ),
    Quota(
        name="buckets",
        service="s3",
        code="L-DC2B2D3D",
        kind="aws_s3_bucket",
        used=lambda client: len(client("s3").list_buckets()["Buckets"]),
        standard=10_000,
    ),
)
"""The quotas that a new account reaches first. https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html"""


def additional_usage(stacks: Sequence[StackNode], states: Mapping[str, TerraformState]) -> dict[str, int]:
    """Usage that a deployment adds to each quota, by quota code; all of it where the quota knows its own usage.

    Args:
        stacks: Synthesized stacks.
        states: Current states, by stack.
    """
    additional = {}
    for quota in QUOTAS:
        planned = sum(_count(quota, stack.document) for stack in stacks)
        current = sum(_count(quota, states[stack.name].document()) for stack in stacks)
        additional[quota.code] = planned if quota.own and planned > current else planned - current
    return additional


def group_names(stacks: Sequence[StackNode]) -> frozenset[str]:
    """Names of the stacks' Auto Scaling groups."""
    resources = [resource for stack in stacks for resource in template.resources(stack.document)]
    return frozenset(str(group.properties["name"]) for group in resources if group.kind == "aws_autoscaling_group")


def _count(quota: Quota, document: Mapping[str, Any]) -> int:
    siblings = list(template.resources(document))
    return sum(quota.needs(resource, siblings) for resource in siblings if resource.kind == quota.kind)


def check_quotas(
    client: Client, additional: Mapping[str, int], groups: Collection[str] = ()
) -> Iterator[DoctorFinding]:
    """Check every quota whose usage the deployment increases.

    Args:
        client: Creates clients for the target account.
        additional: Additional usage by quota code.
        groups: Names of the deployment's Auto Scaling groups.
    """
    for quota in QUOTAS:
        if additional[quota.code] > 0:
            yield _check_quota(quota, client, additional[quota.code], groups)


def _check_quota(quota: Quota, client: Client, additional: int, groups: Collection[str]) -> DoctorFinding:
    try:
        used = quota.used(client) - (quota.own(client, groups) if quota.own else 0)
    except (ClientError, BotoCoreError) as error:
        fix = "Grant permission to list the resources"
        return warning("Quota", f"{quota.name}: the usage cannot be counted: {error}", fix)
    try:
        answer = client("service-quotas").get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
        limit, known = int(answer["Quota"]["Value"]), True
    except (ClientError, BotoCoreError):
        limit, known = quota.standard, False
    source = "account limit" if known else "AWS default; the account limit is not available"
    message = f"{quota.name}: {used} of {limit} in use ({source}), {additional} more needed"
    message += f": {quota.note}" if quota.note else ""
    if used + additional <= limit:
        return ok("Quota", message)
    fix = (
        f"Request an increase: aws service-quotas request-service-quota-increase --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {used + additional}"
    )
    return problem("Quota", message, fix) if known else warning("Quota", message, fix)
