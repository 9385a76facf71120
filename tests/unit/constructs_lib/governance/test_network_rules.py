"""Rules about network access, on violating and compliant stacks."""

from __future__ import annotations

from typing import Any

import pytest
from security_cases import Case, Document, check, one

from constructs_lib.governance.network_rules import RULES

DISK = {"ebs": {"encrypted": "true"}}
TOKENS = {"http_tokens": "required"}
REDIRECT = [{"type": "redirect"}]
VPC: Document = {
    "aws_vpc": {"it": {}},
    "aws_default_security_group": {"it": {"vpc_id": "${aws_vpc.it.id}"}},
    "aws_flow_log": {"it": {"vpc_id": "${aws_vpc.it.id}"}},
}


def vpc(**changed: Any) -> Document:
    """Create a VPC with changed resources; None removes a resource."""
    return {kind: named for kind, named in {**VPC, **changed}.items() if named is not None}


def template(**properties: Any) -> Document:
    return one("aws_launch_template", **{"metadata_options": TOKENS, "block_device_mappings": [DISK], **properties})


def balancer(**properties: Any) -> Document:
    return one("aws_lb", **{"drop_invalid_header_fields": True, "access_logs": {"enabled": True}, **properties})


def https(policy: str | None) -> Document:
    return one("aws_lb_listener", protocol="HTTPS", ssl_policy=policy, default_action=[{"type": "forward"}])


CASES: list[Case] = [
    (
        "open-security-group",
        "lets any address reach port 22",
        one("aws_vpc_security_group_ingress_rule", cidr_ipv4="0.0.0.0/0", from_port=22),
        one("aws_vpc_security_group_ingress_rule", cidr_ipv4="10.0.0.0/16", from_port=22),
    ),
    (
        "open-security-group",
        "lets any address reach port 5432",
        one("aws_security_group", ingress=[{"ipv6_cidr_blocks": ["::/0"], "from_port": 5432}]),
        one("aws_security_group", egress=[{"cidr_blocks": ["0.0.0.0/0"], "from_port": 443}]),
    ),
    (
        "open-security-group",
        "lets any address reach port any",
        one("aws_security_group_rule", type="ingress", cidr_blocks=["0.0.0.0/0"]),
        one("aws_security_group_rule", type="egress", cidr_blocks=["0.0.0.0/0"]),
    ),
    (
        "default-security-group",
        "leaves the VPC's default security group with its rules",
        vpc(aws_default_security_group=None),
        VPC,
    ),
    (
        "default-security-group",
        "is a default security group with rules",
        vpc(aws_default_security_group={"it": {"vpc_id": "${aws_vpc.it.id}", "ingress": [{"self": True}]}}),
        VPC,
    ),
    ("unlogged-network", "is a VPC without flow logs", vpc(aws_flow_log=None), VPC),
    (
        "public-address",
        "gives each of its instances a public address",
        one("aws_subnet", map_public_ip_on_launch=True),
        one("aws_subnet", map_public_ip_on_launch=False),
    ),
    (
        "public-address",
        "starts instances with public addresses",
        template(network_interfaces=[{"associate_public_ip_address": "true"}]),
        template(network_interfaces=[{"associate_public_ip_address": "false"}]),
    ),
    (
        "public-address",
        "is an instance with a public address",
        one(
            "aws_instance",
            metadata_options=TOKENS,
            root_block_device={"encrypted": True},
            associate_public_ip_address=True,
        ),
        one("aws_instance", metadata_options=TOKENS, root_block_device={"encrypted": True}),
    ),
    (
        "public-database",
        "is a database with a public address",
        one("aws_db_instance", storage_encrypted=True, backup_retention_period=7, publicly_accessible=True),
        one("aws_db_instance", storage_encrypted=True, backup_retention_period=7, publicly_accessible=False),
    ),
    (
        "first-metadata-service",
        "gives instance credentials to requests without a token (IMDSv1)",
        template(metadata_options={"http_tokens": "optional"}),
        template(),
    ),
    (
        "first-metadata-service",
        "gives instance credentials to requests without a token (IMDSv1)",
        template(metadata_options=None),
        template(metadata_options={"http_endpoint": "disabled"}),
    ),
    (
        "first-metadata-service",
        "lets metadata tokens leave the instance",
        template(metadata_options={**TOKENS, "http_put_response_hop_limit": 2}),
        template(metadata_options={**TOKENS, "http_put_response_hop_limit": 1}),
    ),
    (
        "plain-http",
        "answers over plain HTTP",
        one("aws_lb_listener", protocol="HTTP", default_action=[{"type": "forward"}]),
        one("aws_lb_listener", protocol="HTTP", default_action=REDIRECT),
    ),
    (
        "old-tls",
        "accepts TLS older than 1.2 (the default policy)",
        https(None),
        https("ELBSecurityPolicy-TLS-1-2-2017-01"),
    ),
    (
        "old-tls",
        "accepts TLS older than 1.2 (ELBSecurityPolicy-TLS13-1-0-2021-06)",
        https("ELBSecurityPolicy-TLS13-1-0-2021-06"),
        https("ELBSecurityPolicy-TLS13-1-3-2021-06"),
    ),
    (
        "malformed-headers",
        "forwards malformed headers",
        balancer(drop_invalid_header_fields=None),
        balancer(drop_invalid_header_fields=None, load_balancer_type="network"),
    ),
    (
        "unlogged-balancer",
        "is a load balancer without access logs",
        balancer(access_logs={"bucket": "logs", "enabled": False}),
        balancer(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}: {case[1]}")
def test_rule_reports_only_the_violating_stack(case: Case) -> None:
    check(case)


def test_every_rule_has_cases() -> None:
    assert {case[0] for case in CASES} == {rule.id for rule in RULES}
