"""WebFirewall: AWS's common rules and a rate limit per IP address."""

from __future__ import annotations

from typing import Any

import pytest
from once import once
from scenes import network
from syrupy.assertion import SnapshotAssertion

from constructs_lib import ConstructError, PublicLoadBalancer, WebFirewall
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.foundation.waivers import registered
from constructs_lib.testing import Template, synth


@once
def firewall(**changes: Any) -> Template:
    def build(stack: TerraformStack) -> None:
        balancer = PublicLoadBalancer(
            stack,
            "balancer",
            network=network(stack),
            name="shop-alb",
            plain_http_reason="a test",
            access_logs_off_reason="a test",
        )
        defaults = {"name": "shop-waf", "requests_per_5_minutes": 2000}
        WebFirewall(stack, "firewall", load_balancer=balancer, **{**defaults, **changes})

    return synth(build)


def rules(template: Template) -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in template.one("aws_wafv2_web_acl")["rule"]}


@pytest.mark.snapshot
def test_web_firewall(recorded: SnapshotAssertion) -> None:
    resources = firewall(large_bodies_reason="photos").readable()["resource"]

    assert {kind: named for kind, named in resources.items() if "waf" in kind or "log_group" in kind} == recorded


def test_firewall_is_associated_with_the_load_balancer() -> None:
    template = firewall()

    association = template.one("aws_wafv2_web_acl_association")
    assert association["resource_arn"].startswith("${aws_lb.balancer_")
    assert association["web_acl_arn"].startswith("${aws_wafv2_web_acl.firewall_")


def test_rate_limit_returns_429_before_other_rules() -> None:
    rate = rules(firewall(requests_per_5_minutes=500))["requests-per-address"]

    assert rate["priority"] == 0
    assert rate["action"]["block"]["custom_response"]["response_code"] == 429
    statement = rate["statement"]["rate_based_statement"]
    assert (statement["limit"], statement["evaluation_window_sec"], statement["aggregate_key_type"]) == (500, 300, "IP")


def test_managed_rule_groups() -> None:
    by_name = rules(firewall())

    managed = {"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"}
    assert set(by_name) == {"requests-per-address", *managed}
    assert len({rule["priority"] for rule in by_name.values()}) == 3


def test_large_bodies_are_blocked_unless_waived() -> None:
    def counted(template: Template) -> list[str]:
        group = rules(template)["AWSManagedRulesCommonRuleSet"]["statement"]["managed_rule_group_statement"]
        return [each["name"] for each in group.get("rule_action_override", []) if "count" in each["action_to_use"]]

    permissive = firewall(large_bodies_reason="photos")
    assert counted(firewall()) == []
    assert counted(permissive) == ["SizeRestrictions_BODY"]
    assert ("lets bodies above 8 KiB in", "photos") in [
        (each.weakened, each.reason) for each in registered(permissive.document)
    ]


def test_blocked_requests_are_logged_without_secrets() -> None:
    template = firewall(log_days=7)

    group = template.one("aws_cloudwatch_log_group")
    assert (group["name"], group["retention_in_days"]) == ("aws-waf-logs-shop-waf", 7)
    logging = template.one("aws_wafv2_web_acl_logging_configuration")
    assert [field["single_header"]["name"] for field in logging["redacted_fields"]] == ["authorization", "cookie"]
    assert logging["logging_filter"]["default_behavior"] == "DROP"
    (keep_filter,) = logging["logging_filter"]["filter"]
    assert keep_filter["condition"] == [{"action_condition": {"action": "BLOCK"}}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"requests_per_5_minutes": 5},
            "requests_per_5_minutes is 5; must be between 10 and 2e.09. Fix: use 2000",
        ),
        ({"log_days": 31}, "log_days is 31; must be one of 1, 3, .* choose a retention that CloudWatch"),
        ({"name": "shop waf"}, "test/firewall: name is 'shop waf'; must be 1 to 100 characters"),
        ({"large_bodies_reason": ""}, "reason is ''; must be the reason why it lets bodies above 8 KiB in"),
    ],
)
def test_invalid_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        firewall(**changes)
