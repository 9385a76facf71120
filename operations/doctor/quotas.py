"""The account's quotas that a deployment needs room in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.foundation import template
from constructs_lib.foundation.template import Resource
from operations.deploy.stack_graph import StackNode
from operations.deploy.states import TerraformState
from operations.doctor.findings import DoctorFinding, ok, problem, warning

Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""

_CORES = {"t2.micro": 1, "t2.small": 1}
_USUAL_CORES = 2
"""Of all other types that the settings allow."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota of AWS.

    Args:
        name: for people, such as "VPCs".
        service, code: what Service Quotas knows it by.
        kind: Terraform's type of what counts.
        used: how many there are, given a client.
        needs: how many a resource takes, given those of its stack; one unless said.
        standard: what AWS grants at first, for where Service Quotas does not answer.
    """

    name: str
    service: str
    code: str
    kind: str
    used: Callable[[Client], int]
    standard: int
    needs: Callable[[Resource, Sequence[Resource]], int] = lambda _resource, _siblings: 1


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    return [each for page in client.get_paginator(operation).paginate(**arguments) for each in page[key]]


def _running_cores(client: Client) -> int:
    states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    reservations = _pages(client("ec2"), "describe_instances", "Reservations", Filters=states)
    instances = [each for reservation in reservations for each in reservation["Instances"]]
    standard = [each for each in instances if each["InstanceType"][0] in "acdhimrtz"]
    return sum(
        options["CoreCount"] * options["ThreadsPerCore"]
        if (options := each.get("CpuOptions"))
        else _CORES.get(each["InstanceType"], _USUAL_CORES)
        for each in standard
    )


def _most_cores(group: Resource, siblings: Sequence[Resource]) -> int:
    launch_template = next(each for each in siblings if each.kind == "aws_launch_template")
    return int(group.properties["max_size"]) * _CORES.get(launch_template.properties["instance_type"], _USUAL_CORES)


def _nat_gateways(client: Client) -> int:
    standing = [{"Name": "state", "Values": ["pending", "available"]}]
    return len(_pages(client("ec2"), "describe_nat_gateways", "NatGateways", Filter=standing))


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
        name="elastic addresses",
        service="ec2",
        code="L-0263D0A3",
        kind="aws_eip",
        used=lambda client: len(client("ec2").describe_addresses()["Addresses"]),
        standard=5,
    ),
    Quota(
        # AWS counts them by zone; at most all are in one.
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
        name="CPUs of standard instances",
        service="ec2",
        code="L-1216C47A",
        kind="aws_autoscaling_group",
        used=_running_cores,
        needs=_most_cores,
        standard=5,
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
"""Those that a new account meets first. https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html"""


def needed(stacks: Sequence[StackNode], states: Mapping[str, TerraformState]) -> dict[str, int]:
    """How many more of each kind a deployment makes, by the quota's code.

    Args:
        stacks: as they are synthesized.
        states: what stands of them.
    """
    more = dict.fromkeys((quota.code for quota in QUOTAS), 0)
    for quota in QUOTAS:
        for stack in stacks:
            standing = states[stack.name].document()
            more[quota.code] += _sum(quota, stack.document) - _sum(quota, standing)
    return more


def _sum(quota: Quota, document: Mapping[str, Any]) -> int:
    siblings = list(template.resources(document))
    return sum(quota.needs(each, siblings) for each in siblings if each.kind == quota.kind)


def quotas(client: Client, more: Mapping[str, int]) -> Iterator[DoctorFinding]:
    """Each quota that a deployment would take more of, and whether there is room.

    Args:
        client: of where it would be deployed.
        more: how many it takes, by the quota's code.
    """
    for quota in QUOTAS:
        if more[quota.code] > 0:
            yield _look(quota, client, more[quota.code])


def _look(quota: Quota, client: Client, more: int) -> DoctorFinding:
    try:
        used = quota.used(client)
    except (ClientError, BotoCoreError) as error:
        return warning("Quota", f"{quota.name}: what there is cannot be counted: {error}", "Allow it to be listed")
    try:
        told = client("service-quotas").get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
        limit, source = int(told["Quota"]["Value"]), "the account's"
    except (ClientError, BotoCoreError):
        limit, source = quota.standard, "AWS's standard, the account's could not be asked"
    says = f"{quota.name}: {used} of {limit} ({source}), and {more} more"
    if used + more <= limit:
        return ok("Quota", says)
    mend = f"Ask for more: aws service-quotas request-service-quota-increase --service-code {quota.service} "
    mend += f"--quota-code {quota.code} --desired-value {used + more}"
    if source == "the account's":
        return problem("Quota", says, mend)
    return warning("Quota", says, mend)
