"""Rules of ``SecurityAspect`` about network access, TLS and instance metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from constructs_lib.foundation.template import Resource
from constructs_lib.governance.security_rule import Rule, RuleContext, as_list, is_true

_ANY_ADDRESS = {"0.0.0.0/0", "::/0"}
_BALANCERS = ("aws_lb", "aws_alb")
_LISTENERS = ("aws_lb_listener", "aws_alb_listener")
_MODERN_TLS = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)")
"""Policies whose oldest version is TLS 1.2 or newer.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""
_INSTANCES = ("aws_launch_template", "aws_instance")


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
        ranges |= {*as_list(rule.get("cidr_blocks")), *as_list(rule.get("ipv6_cidr_blocks"))}
        if ranges & _ANY_ADDRESS:
            yield f"lets any address reach port {rule.get('from_port', 'any')}"


def _default_security_group(resource: Resource, stack: RuleContext) -> Iterator[str]:
    kind = "aws_default_security_group"
    if resource.kind == "aws_vpc" and not stack.related(resource, kind, "vpc_id"):
        yield "leaves the VPC's default security group with its rules"
    if resource.kind == kind and (resource.blocks("ingress") or resource.blocks("egress")):
        yield "is a default security group with rules"


def _unlogged_network(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_vpc" and not stack.related(resource, "aws_flow_log", "vpc_id"):
        yield "is a VPC without flow logs"


def _public_address(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind == "aws_subnet" and is_true(resource.properties.get("map_public_ip_on_launch")):
        yield "gives each of its instances a public address"
    if resource.kind == "aws_instance" and is_true(resource.properties.get("associate_public_ip_address")):
        yield "is an instance with a public address"
    if resource.kind == "aws_launch_template" and any(
        is_true(each.get("associate_public_ip_address")) for each in resource.blocks("network_interfaces")
    ):
        yield "starts instances with public addresses"


def _public_database(resource: Resource, _: RuleContext) -> Iterator[str]:
    databases = ("aws_db_instance", "aws_rds_cluster_instance")
    if resource.kind in databases and is_true(resource.properties.get("publicly_accessible")):
        yield "is a database with a public address"


def _first_metadata_service(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind not in _INSTANCES:
        return
    options = resource.blocks("metadata_options")
    if any(each.get("http_endpoint") == "disabled" for each in options):
        return
    if not any(each.get("http_tokens") == "required" for each in options):
        yield "gives instance credentials to requests without a token (IMDSv1)"
    if any(int(each.get("http_put_response_hop_limit") or 1) > 1 for each in options):
        yield "lets metadata tokens leave the instance"


def _plain_http(resource: Resource, _: RuleContext) -> Iterator[str]:
    plain = resource.kind in _LISTENERS and resource.properties.get("protocol") == "HTTP"
    if plain and any(action.get("type") != "redirect" for action in resource.blocks("default_action")):
        yield "answers over plain HTTP"


def _old_tls(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind in _LISTENERS and resource.properties.get("protocol") in ("HTTPS", "TLS"):
        policy = resource.properties.get("ssl_policy")
        if not _MODERN_TLS.match(str(policy)):
            yield f"accepts TLS older than 1.2 ({policy or 'the default policy'})"


def _malformed_headers(resource: Resource, _: RuleContext) -> Iterator[str]:
    is_application = resource.properties.get("load_balancer_type", "application") == "application"
    if (
        resource.kind in _BALANCERS
        and is_application
        and not is_true(resource.properties.get("drop_invalid_header_fields"))
    ):
        yield "forwards malformed headers"


def _unlogged_balancer(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind in _BALANCERS and not any(is_true(each.get("enabled")) for each in resource.blocks("access_logs")):
        yield "is a load balancer without access logs"


RULES = (
    Rule(
        id="open-security-group",
        check=_open_to_world,
        allowed="limited to security groups and your own address ranges",
        fix="name the security group that may connect",
        checkov=("CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_277"),
    ),
    Rule(
        id="default-security-group",
        check=_default_security_group,
        allowed="a default security group without rules",
        fix="add an aws_default_security_group without rules, or use Network",
        checkov=("CKV2_AWS_12",),
    ),
    Rule(
        id="unlogged-network",
        check=_unlogged_network,
        allowed="covered by flow logs",
        fix="add an aws_flow_log, or use Network",
        checkov=("CKV2_AWS_11",),
    ),
    Rule(
        id="public-address",
        check=_public_address,
        allowed="private, behind a load balancer or a NAT gateway",
        fix="set it to false",
        checkov=("CKV_AWS_88", "CKV_AWS_130"),
    ),
    Rule(
        id="public-database",
        check=_public_database,
        allowed="private",
        fix="set publicly_accessible to false",
        checkov=("CKV_AWS_17",),
    ),
    Rule(
        id="first-metadata-service",
        check=_first_metadata_service,
        allowed="IMDSv2 only, with http_tokens required and a hop limit of 1",
        fix="set both in metadata_options",
        checkov=("CKV_AWS_79", "CKV_AWS_341"),
    ),
    Rule(
        id="plain-http",
        check=_plain_http,
        allowed="HTTPS, or a redirect to it",
        fix="add a certificate, or redirect to HTTPS",
        checkov=("CKV_AWS_2",),
    ),
    Rule(
        id="old-tls",
        check=_old_tls,
        allowed="a policy whose oldest version is TLS 1.2",
        fix="set ssl_policy to ELBSecurityPolicy-TLS13-1-2-2021-06",
        checkov=("CKV_AWS_103", "CKV2_AWS_74"),
    ),
    Rule(
        id="malformed-headers",
        check=_malformed_headers,
        allowed="configured to drop them",
        fix="set drop_invalid_header_fields",
        checkov=("CKV_AWS_131",),
    ),
    Rule(
        id="unlogged-balancer",
        check=_unlogged_balancer,
        allowed="configured with access_logs and a bucket",
        fix="add an AccessLogBucket",
        checkov=("CKV_AWS_91",),
    ),
)
