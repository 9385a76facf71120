"""Network: public and private subnets in each zone, closed by default."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from once import once
from scenes import network as make
from scenes import queue_workers, warnings
from syrupy.assertion import SnapshotAssertion

from constructs_lib import ConstructError
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.foundation.waivers import registered
from constructs_lib.testing import Template, synth


@once
def network(**changes: Any) -> Template:
    return synth(lambda stack: make(stack, **{"flow_logs_off_reason": None, **changes}))


@pytest.mark.snapshot
def test_single_nat(recorded: SnapshotAssertion) -> None:
    assert network().readable() == recorded


@pytest.mark.snapshot
def test_nat_per_zone(recorded: SnapshotAssertion) -> None:
    assert network(availability_zones=3, nat="per_zone").readable() == recorded


@pytest.mark.snapshot
def test_endpoints_without_nat(recorded: SnapshotAssertion) -> None:
    template = network(nat="none", interface_endpoints=("sqs", "secretsmanager"))

    assert template.readable() == recorded


def cidrs(template: Template) -> dict[str, str]:
    return {each["tags"]["Name"]: each["cidr_block"] for each in template.resources("aws_subnet").values()}


@settings(max_examples=5)
@given(cidr=st.builds("10.{}.0.0/{}".format, st.integers(0, 255), st.integers(16, 24)), zones=st.integers(2, 3))
def test_new_zone_renumbers_no_subnet(cidr: str, zones: int) -> None:
    few = network(cidr=cidr, availability_zones=zones)
    more = network(cidr=cidr, availability_zones=zones + 1)

    assert few.resources("aws_subnet").items() <= more.resources("aws_subnet").items()
    assert len(more.resources("aws_subnet")) == 2 * (zones + 1)


@pytest.mark.parametrize("nat", ["none", "single", "per_zone"])
def test_new_zone_changes_only_the_gateway_endpoint(nat: str) -> None:
    few, more = network(availability_zones=2, nat=nat), network(availability_zones=3, nat=nat)

    changed = {
        kind
        for kind, named in few.document["resource"].items()
        for id, properties in named.items()
        if more.resources(kind).get(id) != properties
    }
    assert changed == {"aws_vpc_endpoint"}


def test_subnet_stays_in_its_zone() -> None:
    for subnet in network().resources("aws_subnet").values():
        assert subnet["lifecycle"] == {"ignore_changes": ["availability_zone"]}


def test_zones_are_indexed_so_too_few_zones_fail() -> None:
    zones = {each["availability_zone"] for each in network(availability_zones=3).resources("aws_subnet").values()}

    assert sorted(zone[-4:] for zone in zones) == ["[0]}", "[1]}", "[2]}"]


def test_explicit_cidrs_are_used() -> None:
    template = network(public_cidrs=["10.0.1.0/24", "10.0.2.0/24"], private_cidrs=["10.0.11.0/24", "10.0.12.0/24"])

    assert sorted(cidrs(template).values()) == ["10.0.1.0/24", "10.0.11.0/24", "10.0.12.0/24", "10.0.2.0/24"]


@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("single", 1), ("per_zone", 2)])
def test_nat_gateways(nat: str, gateways: int) -> None:
    template = network(nat=nat)

    assert len(template.resources("aws_nat_gateway")) == gateways
    private = template.matching("aws_route", destination_cidr_block="0.0.0.0/0")
    used = {route["nat_gateway_id"] for route in private if "nat_gateway_id" in route}
    assert len(used) == gateways


def test_s3_endpoint_without_nat() -> None:
    endpoint = network(nat="none").one("aws_vpc_endpoint")

    assert endpoint["service_name"] == "com.amazonaws.us-east-1.s3"
    assert len(endpoint["route_table_ids"]) == 2


def test_interface_endpoints_have_usual_names_and_serve_the_vpc() -> None:
    template = network(interface_endpoints=("sqs", "logs"))

    endpoints = template.matching("aws_vpc_endpoint", vpc_endpoint_type="Interface", private_dns_enabled=True)
    assert {each["service_name"][-4:] for each in endpoints} == {".sqs", "logs"}
    assert [len(each["subnet_ids"]) for each in endpoints] == [2, 2]
    rule = template.one("aws_vpc_security_group_ingress_rule")
    assert (rule["cidr_ipv4"], rule["from_port"], rule["to_port"]) == ("10.0.0.0/16", 443, 443)
    assert [each["security_group_ids"] for each in endpoints] == [[rule["security_group_id"]]] * 2


def test_isolated_private_subnets_are_a_warning() -> None:
    def build(stack: TerraformStack) -> None:
        (warning,) = warnings(make(stack, nat="none"))
        assert warning.startswith("the private subnets reach only S3: nat is 'none' and there are no interface_")

    synth(build)


@pytest.mark.parametrize("changes", [{"nat": "single"}, {"nat": "none", "interface_endpoints": ("sqs",)}])
def test_reachable_services_are_no_warning(changes: dict[str, Any]) -> None:
    def build(stack: TerraformStack) -> None:
        assert warnings(make(stack, **changes)) == []

    synth(build)


def test_grant_for_an_unreachable_service_is_a_warning(software: pathlib.Path) -> None:
    def build(stack: TerraformStack) -> None:
        closed = make(stack, nat="none", interface_endpoints=("ssm", "ssmmessages"))
        workers = queue_workers(stack, software, network=closed)
        (queue_warning,) = [warning for warning in warnings(workers) if "sqs" in warning]
        assert queue_warning == (
            "may sqs:ReceiveMessage but cannot reach sqs: its network has no NAT. "
            "Add 'sqs' to the network's interface_endpoints"
        )
        assert [warning for warning in warnings(workers) if "ssm" in warning or "s3" in warning] == []

    synth(build)


def test_flow_logs_record_accepted_and_rejected_traffic() -> None:
    template = network(flow_log_days=7)

    log = template.one("aws_flow_log")
    assert (log["traffic_type"], log["log_destination_type"]) == ("ALL", "cloud-watch-logs")
    assert template.one("aws_cloudwatch_log_group")["retention_in_days"] == 7
    assert [each["Sid"] for each in template.policy("aws_iam_role_policy")] == ["WriteFlowLogs", "FindTheGroup"]


def test_only_flow_logs_of_this_account_assume_the_role() -> None:
    trust = json.loads(network().one("aws_iam_role")["assume_role_policy"])["Statement"][0]

    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert "aws_caller_identity" in trust["Condition"]["StringEquals"]["aws:SourceAccount"]


def test_flow_logs_can_be_waived() -> None:
    template = network(flow_logs_off_reason="a laboratory")

    assert not template.resources("aws_flow_log") and not template.resources("aws_iam_role")
    (entry,) = registered(template.document)
    assert (entry.path, entry.reason, entry.explains) == ("test/network", "a laboratory", ("CKV2_AWS_11",))


def test_default_group_is_empty_and_subnets_are_private() -> None:
    template = network()

    default = template.one("aws_default_security_group")
    assert "ingress" not in default and "egress" not in default
    assert len(template.matching("aws_subnet", map_public_ip_on_launch=False)) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"cidr": "10.0.0.1/16"},
            r"test/network: cidr is '10.0.0.1/16'; must be an IPv4 network .* has host bits set",
        ),
        ({"cidr": "10.0.0.0/8"}, r"cidr is '10.0.0.0/8'; must be between /16 and /24\. Fix: choose a range"),
        ({"availability_zones": 1}, r"availability_zones is 1; must be between 2 and 4\. Fix: use at least 2"),
        ({"nat": "cheap"}, r"nat is 'cheap'; must be one of none, single, per_zone\. Fix: use single"),
        ({"public_cidrs": ["10.0.1.0/24"]}, r"public_cidrs is \['10.0.1.0/24'\]; must be 2 ranges\. Fix: list one"),
        (
            {"public_cidrs": ["10.0.1.0/24", "10.1.0.0/24"]},
            r"public_cidrs is '10.1.0.0/24'; must be inside 10.0.0.0/16\. Fix: move it into the VPC",
        ),
        (
            {"private_cidrs": ["10.0.0.0/24", "10.0.200.0/24"]},
            r"private_cidrs is '10.0.0.0/24'; must be outside 10.0.0.0/20\. Fix: move one",
        ),
        (
            {"interface_endpoints": ["SQS"]},
            r"test/network/endpoints: services is 'SQS'; must be .* choose a name that AWS accepts for a service",
        ),
        ({"interface_endpoints": ["s3"]}, r"services is 's3'; must be another service\. Fix: remove it, as S3 has"),
        (
            {"interface_endpoints": ["sqs", "sqs"]},
            r"services is 'sqs'; must be listed once\. Fix: remove the duplicate",
        ),
        ({"flow_log_days": 2}, r"test/network/flow-logs: days is 2; must be one of 1, 3, .* choose a retention"),
        (
            {"flow_logs_off_reason": " "},
            r"test/network: reason is ' '; must be the reason why it keeps no flow logs\. Fix: write",
        ),
    ],
)
def test_invalid_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        network(**changes)
