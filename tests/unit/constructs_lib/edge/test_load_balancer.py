"""PublicLoadBalancer: HTTPS, or plain HTTP with a reason; access logs."""

from __future__ import annotations

import pathlib
from datetime import timedelta
from typing import Any

import pytest
from once import once
from scenes import network, warnings, web_service, web_service_template
from syrupy.assertion import SnapshotAssertion

from constructs_lib import AccessLogBucket, ConstructError, Domain, PublicLoadBalancer
from constructs_lib.foundation import cdk
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.foundation.waivers import registered
from constructs_lib.testing import Template, synth, synth_app

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
DOMAIN = Domain(name="www.shop.example", hosted_zone_id="Z0123456789")
PLAIN = {"plain_http_reason": "a test"}


def create(stack: TerraformStack, **changes: Any) -> PublicLoadBalancer:
    defaults: dict[str, Any] = {"name": "shop-alb"}
    if "access_logs_off_reason" not in changes:
        defaults["access_logs"] = AccessLogBucket(stack, "access-logs", name="shop-access-logs")
    return PublicLoadBalancer(stack, "balancer", network=network(stack), **{**defaults, **changes})


@once
def balancer(**changes: Any) -> Template:
    return synth(lambda stack: create(stack, **changes).forward_to("arn:targets"))


def edge(template: Template) -> dict[str, object]:
    kinds = (
        *("aws_lb", "aws_lb_listener", "aws_security_group", "aws_vpc_security_group_ingress_rule"),
        *("aws_acm_certificate", "aws_acm_certificate_validation", "aws_route53_record", "aws_s3_bucket_policy"),
    )
    resources = template.readable()["resource"]
    return {kind: resources[kind] for kind in kinds if kind in resources}


@pytest.mark.snapshot
def test_with_a_certificate(recorded: SnapshotAssertion) -> None:
    assert edge(balancer(certificate_arn=CERTIFICATE)) == recorded


@pytest.mark.snapshot
def test_with_a_domain(recorded: SnapshotAssertion) -> None:
    assert edge(balancer(domain=DOMAIN)) == recorded


@pytest.mark.snapshot
def test_plain_http(recorded: SnapshotAssertion) -> None:
    assert edge(balancer(**PLAIN, access_logs_off_reason="a test", unprotected_reason="a test")) == recorded


def test_port_80_redirects_with_a_certificate() -> None:
    template = balancer(certificate_arn=CERTIFICATE)

    (http,) = template.matching("aws_lb_listener", port=80)
    (https,) = template.matching("aws_lb_listener", port=443)
    assert http["default_action"][0]["redirect"]["status_code"] == "HTTP_301"
    assert https["ssl_policy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert https["default_action"] == [{"target_group_arn": "arn:targets", "type": "forward"}]


def test_domain_gets_an_alias_and_a_validated_certificate() -> None:
    template = balancer(domain=DOMAIN)

    (alias,) = template.matching("aws_route53_record", type="A")
    assert (alias["name"], alias["zone_id"]) == ("www.shop.example", "Z0123456789")
    assert alias["alias"]["evaluate_target_health"] is True
    (https,) = template.matching("aws_lb_listener", port=443)
    assert https["certificate_arn"].startswith("${aws_acm_certificate_validation.")
    assert template.one("aws_acm_certificate")["lifecycle"] == {"create_before_destroy": True}


def test_given_certificate_wins_over_a_new_one() -> None:
    template = balancer(domain=DOMAIN, certificate_arn=CERTIFICATE)

    assert template.matching("aws_lb_listener", port=443, certificate_arn=CERTIFICATE)
    assert template.resources("aws_acm_certificate") == {}
    assert len(template.resources("aws_route53_record")) == 1


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({"domain": DOMAIN}, "https://www.shop.example"),
        ({"certificate_arn": CERTIFICATE}, "https://${aws_lb."),
        (PLAIN, "http://${aws_lb."),
    ],
)
def test_url(changes: dict[str, Any], url: str) -> None:
    template = synth(lambda stack: cdk.TerraformOutput(stack, "url", value=create(stack, **changes).url))

    assert template.outputs()["url"].startswith(url)


def test_port_443_is_closed_without_a_certificate() -> None:
    rules = balancer(**PLAIN).resources("aws_vpc_security_group_ingress_rule")

    assert [rule["from_port"] for rule in rules.values()] == [80]


def test_plain_http_is_a_warning() -> None:
    def build(stack: TerraformStack) -> None:
        assert warnings(create(stack, **PLAIN)) == [
            "serves plain HTTP, anyone on the way can read passwords and sessions: a test"
        ]
        assert [each for each in warnings(stack) if "plain HTTP" in each] == warnings(stack)

    synth(build)


def test_ambiguous_requests_are_blocked() -> None:
    load_balancer = balancer(certificate_arn=CERTIFICATE).one("aws_lb")

    assert load_balancer["drop_invalid_header_fields"] is True
    assert load_balancer["desync_mitigation_mode"] == "defensive"


def test_deletion_protection_can_be_waived() -> None:
    assert balancer(certificate_arn=CERTIFICATE).one("aws_lb")["enable_deletion_protection"] is True

    template = balancer(certificate_arn=CERTIFICATE, unprotected_reason="rebuilt daily")
    assert template.one("aws_lb")["enable_deletion_protection"] is False
    assert ("may be deleted", "rebuilt daily") in [(e.weakened, e.reason) for e in registered(template.document)]


def test_only_load_balancers_of_this_account_write_access_logs() -> None:
    template = balancer(certificate_arn=CERTIFICATE)

    (policy,) = template.resources("aws_s3_bucket_policy")
    assert template.one("aws_lb")["depends_on"] == [f"aws_s3_bucket_policy.{policy}"]
    assert template.one("aws_lb")["access_logs"]["enabled"] is True
    no_tls, write = template.policy("aws_s3_bucket_policy")
    assert no_tls["Effect"] == "Deny"
    assert write["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert write["Action"] == "s3:PutObject"
    bucket, _, rest = write["Resource"].partition("}")
    assert bucket.startswith("${aws_s3_bucket.")
    assert rest.startswith("/AWSLogs/${data.aws_caller_identity.") and rest.endswith("/*")


def test_old_access_logs_expire() -> None:
    template = synth(lambda stack: AccessLogBucket(stack, "logs", name="shop-logs", days=14))

    rules = {rule["id"]: rule for rule in template.one("aws_s3_bucket_lifecycle_configuration")["rule"]}
    assert rules["old-logs"]["expiration"] == [{"days": 14}]


def test_access_logs_can_be_waived() -> None:
    template = balancer(certificate_arn=CERTIFICATE, access_logs_off_reason="a laboratory")

    assert "access_logs" not in template.one("aws_lb")
    assert ("keeps no access logs", ("CKV_AWS_91",)) in [
        (each.weakened, each.explains) for each in registered(template.document)
    ]


def test_deregistration_waits_for_the_request_timeout(software: pathlib.Path) -> None:
    template = web_service_template(software, request_timeout=timedelta(seconds=40))

    assert template.one("aws_lb")["idle_timeout"] == 60
    assert template.one("aws_lb_target_group")["deregistration_delay"] == "40"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"request_timeout": timedelta(seconds=61)},
            r"test/web: request_timeout is 61.0; must be between 1 and 60\. Fix: compare it",
        ),
        (
            {"keep_alive": timedelta(seconds=60)},
            r"keep_alive is 60.0; must be between 61 and 86400\. .* idle_timeout of 60 seconds",
        ),
    ],
)
def test_invalid_service_timeouts(software: pathlib.Path, changes: dict[str, timedelta], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        web_service_template(software, **changes)


@pytest.mark.parametrize(("edge", "site"), [(PLAIN, [80]), ({"certificate_arn": CERTIFICATE}, [443])])
def test_service_in_another_stack_owns_the_forwarding_listener(
    software: pathlib.Path, edge: dict[str, Any], site: list[int]
) -> None:
    """The balancer's stack is applied first, so it cannot refer to the service's target group."""
    balancers: list[PublicLoadBalancer] = []
    app = synth_app(
        edge=lambda stack: balancers.append(create(stack, **edge)),
        site=lambda stack: web_service(stack, software, load_balancer=balancers[0]),
    )

    assert [each["port"] for each in app["site"].resources("aws_lb_listener").values()] == site
    assert [each["port"] for each in app["edge"].resources("aws_lb_listener").values()] == ([80] if 443 in site else [])
    assert "terraform_remote_state" not in app["edge"].document.get("data", {})
    (rule,) = app["site"].matching("aws_vpc_security_group_egress_rule", from_port=8080)
    assert rule["security_group_id"].startswith("${data.terraform_remote_state.")


def test_only_the_load_balancer_is_public(software: pathlib.Path) -> None:
    template = web_service_template(software)

    world = template.matching("aws_vpc_security_group_ingress_rule", cidr_ipv4="0.0.0.0/0")
    assert {rule["security_group_id"] for rule in world} == {template.one("aws_lb")["security_groups"][0]}


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"certificate_arn": CERTIFICATE, "plain_http_reason": "why not"},
        {"domain": DOMAIN, "plain_http_reason": "why not"},
    ],
)
def test_certificate_domain_or_reason_is_required(arguments: dict[str, Any]) -> None:
    with pytest.raises(
        ConstructError,
        match="test/balancer: certificate_arn is .* Fix: pass one, or give",
    ):
        balancer(**arguments)


def test_access_logs_or_reason_is_required() -> None:
    def neither(stack: TerraformStack) -> None:
        PublicLoadBalancer(stack, "balancer", network=network(stack), name="shop", **PLAIN)

    with pytest.raises(ConstructError, match="balancer: access_logs is None; must be an AccessLogBucket, or None "):
        synth(neither)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({**PLAIN, "name": "s" * 33}, "name is 's{33}'; must be 1 to 32 characters"),
        (
            {**PLAIN, "idle_timeout": timedelta(0)},
            "idle_timeout is 0.0; must be between 1 and 4000. Fix: use 60 seconds",
        ),
        ({"plain_http_reason": " "}, "reason is ' '; must be the reason why it serves plain HTTP"),
        ({**PLAIN, "unprotected_reason": ""}, "reason is ''; must be the reason why it may be deleted"),
        (
            {"domain": Domain(name="shop", hosted_zone_id="Z1")},
            r"test/balancer/certificate: domain.name is 'shop'; must be 1 to 64 characters matching",
        ),
        (
            {"domain": Domain(name="shop.example", hosted_zone_id="/hostedzone/Z1")},
            r"domain.hosted_zone_id is '/hostedzone/Z1'; must be 1 to 32 characters matching \[A-Z0-9\]\+",
        ),
    ],
)
def test_invalid_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        balancer(**changes)
