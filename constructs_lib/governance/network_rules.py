"""SecurityAspect's rules about what the network lets through, and what instances answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from constructs_lib.foundation.template import Resource
from constructs_lib.governance.security_rule import Rule, RuleContext, listed, true

_WORLD = {"0.0.0.0/0", "::/0"}
_BALANCERS = ("aws_lb", "aws_alb")
_LISTENERS = ("aws_lb_listener", "aws_alb_listener")
_MODERN_TLS = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)")
"""Policies that begin with TLS 1.2.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""
_MACHINES = ("aws_launch_template", "aws_instance")


def _open_to_world(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_vpc_security_group_ingress_rule":
        rules: list[Mapping[str, Any]] = [resource.properties]
    elif resource.kind == "aws_security_group_rule" and resource.properties.get("type") == "ingress":
        rules = [resource.properties]
    elif resource.kind == "aws_security_group":
        rules = resource.blocks("ingress")
    else:
        return
    for rule in rules:
        ranges = {rule.get("cidr_ipv4"), rule.get("cidr_ipv6")}
        ranges |= {*listed(rule.get("cidr_blocks")), *listed(rule.get("ipv6_cidr_blocks"))}
        if ranges & _WORLD:
            yield f"lets any address reach port {rule.get('from_port', 'any')}"


def _default_security_group(resource: Resource, stack: RuleContext) -> Iterator[str]:
    kind = "aws_default_security_group"
    if resource.kind == "aws_vpc" and not stack.about(resource, kind, "vpc_id"):
        yield "leaves the VPC's default security group open within itself"
    if resource.kind == kind and (resource.blocks("ingress") or resource.blocks("egress")):
        yield "is a default security group with rules"


def _unlogged_network(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_vpc" and not stack.about(resource, "aws_flow_log", "vpc_id"):
        yield "is a VPC whose traffic nobody writes down"


def _public_address(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_subnet" and true(resource.properties.get("map_public_ip_on_launch")):
        yield "gives every instance in it a public address"
    if resource.kind == "aws_instance" and true(resource.properties.get("associate_public_ip_address")):
        yield "is an instance with a public address"
    if resource.kind == "aws_launch_template" and any(
        true(each.get("associate_public_ip_address")) for each in resource.blocks("network_interfaces")
    ):
        yield "starts instances with public addresses"


def _public_database(resource: Resource, _: RuleContext) -> Iterator[str]:
    databases = ("aws_db_instance", "aws_rds_cluster_instance")
    if resource.kind in databases and true(resource.properties.get("publicly_accessible")):
        yield "is a database with a public address"


def _first_metadata_service(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind not in _MACHINES:
        return
    options = resource.blocks("metadata_options")
    if any(each.get("http_endpoint") == "disabled" for each in options):
        return
    if not any(each.get("http_tokens") == "required" for each in options):
        yield "gives instance credentials to requests without a token (IMDSv1)"
    if any(int(each.get("http_put_response_hop_limit") or 1) > 1 for each in options):
        yield "lets tokens for instance credentials travel beyond the instance"


def _plain_http(resource: Resource, _: RuleContext) -> Iterator[str]:
    plain = resource.kind in _LISTENERS and resource.properties.get("protocol") == "HTTP"
    if plain and any(action.get("type") != "redirect" for action in resource.blocks("default_action")):
        yield "answers over plain HTTP"


def _old_tls(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind in _LISTENERS and resource.properties.get("protocol") in ("HTTPS", "TLS"):
        policy = resource.properties.get("ssl_policy")
        if not _MODERN_TLS.match(str(policy)):
            yield f"takes TLS older than 1.2 ({policy or 'the default policy'})"


def _malformed_headers(resource: Resource, _: RuleContext) -> Iterator[str]:
    web = resource.properties.get("load_balancer_type", "application") == "application"
    if resource.kind in _BALANCERS and web and not true(resource.properties.get("drop_invalid_header_fields")):
        yield "hands malformed headers on"


def _unlogged_balancer(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind in _BALANCERS and not any(true(each.get("enabled")) for each in resource.blocks("access_logs")):
        yield "is a load balancer that writes no access logs"


RULES = (
    Rule(
        id="open-security-group",
        breaks=_open_to_world,
        allowed="limited to security groups and your own address ranges",
        fix="name the security group that may connect",
        checkov=("CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_277"),
    ),
    Rule(
        id="default-security-group",
        breaks=_default_security_group,
        allowed="a default security group without rules",
        fix="add an aws_default_security_group without rules, or use Network",
        checkov=("CKV2_AWS_12",),
    ),
    Rule(
        id="unlogged-network",
        breaks=_unlogged_network,
        allowed="covered by flow logs",
        fix="add an aws_flow_log, or use Network",
        checkov=("CKV2_AWS_11",),
    ),
    Rule(
        id="public-address",
        breaks=_public_address,
        allowed="private, behind a load balancer or a NAT gateway",
        fix="set it to false",
        checkov=("CKV_AWS_88", "CKV_AWS_130"),
    ),
    Rule(
        id="public-database",
        breaks=_public_database,
        allowed="private",
        fix="set publicly_accessible to false",
        checkov=("CKV_AWS_17",),
    ),
    Rule(
        id="first-metadata-service",
        breaks=_first_metadata_service,
        allowed="IMDSv2 only, with http_tokens required and a hop limit of 1",
        fix="set both in metadata_options",
        checkov=("CKV_AWS_79", "CKV_AWS_341"),
    ),
    Rule(
        id="plain-http",
        breaks=_plain_http,
        allowed="HTTPS, or a redirect to it",
        fix="add a certificate, or redirect to HTTPS",
        checkov=("CKV_AWS_2",),
    ),
    Rule(
        id="old-tls",
        breaks=_old_tls,
        allowed="a policy whose oldest version is TLS 1.2",
        fix="set ssl_policy to ELBSecurityPolicy-TLS13-1-2-2021-06",
        checkov=("CKV_AWS_103", "CKV2_AWS_74"),
    ),
    Rule(
        id="malformed-headers",
        breaks=_malformed_headers,
        allowed="configured to drop them",
        fix="set drop_invalid_header_fields",
        checkov=("CKV_AWS_131",),
    ),
    Rule(
        id="unlogged-balancer",
        breaks=_unlogged_balancer,
        allowed="configured with access_logs and a bucket",
        fix="add an AccessLogBucket",
        checkov=("CKV_AWS_91",),
    ),
)
