"""Web application firewall of a load balancer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from constructs_lib.edge.load_balancer import PublicLoadBalancer
from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.log_retention import check_retention
from constructs_lib.foundation.waivers import waive

_LARGE_BODY_RULE = "SizeRestrictions_BODY"


class WebFirewall(cdk.Construct):
    """An AWS WAF web ACL for a load balancer: AWS's common rules and a rate limit per IP address.

    Blocked requests are logged, without their cookies and tokens.
    https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html

    Args:
        load_balancer: protected load balancer.
        requests_per_5_minutes: maximum number of requests of one IP address in five minutes, 10 to 2,000,000,000. Many
            users can share one address.
        name: name, at most 100 characters; by default derived from the construct's path.
        large_bodies_reason: reason why bodies over 8 KiB are allowed; by default AWS's common rules block them, and so
            every upload.
        log_days: retention of the log of blocked requests, in days; one of ``log_retention.RETENTION_DAYS``.

    Raises:
        ConstructError: for a limit or a retention that AWS does not accept.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        load_balancer: PublicLoadBalancer,
        requests_per_5_minutes: int,
        name: str | None = None,
        large_bodies_reason: str | None = None,
        log_days: int = 30,
    ) -> None:
        checks = Checks(scope, id)
        name = names.firewall(checks, name)
        limit = requests_per_5_minutes
        checks.between("requests_per_5_minutes", limit, 10, 2_000_000_000, fix="use 2000, a usual choice")
        check_retention(checks, "log_days", log_days)
        super().__init__(scope, id)
        if large_bodies_reason is not None:
            waive(self, "lets bodies above 8 KiB in", reason=large_bodies_reason)
        counted_rules = [] if large_bodies_reason is None else [_LARGE_BODY_RULE]
        rules = [
            _rate_rule(limit),
            _managed_rules(1, "AWSManagedRulesCommonRuleSet", counted_rules),
            _managed_rules(2, "AWSManagedRulesKnownBadInputsRuleSet"),
        ]
        acl = cdk.aws.wafv2_web_acl.Wafv2WebAcl(
            self,
            "acl",
            name=name,
            description=f"Guards {load_balancer.name}",
            scope="REGIONAL",
            default_action={"allow": {}},
            visibility_config=_visibility_config(name),
            rule=rules,
        )
        self.arn: str = acl.arn
        cdk.aws.wafv2_web_acl_association.Wafv2WebAclAssociation(
            self, "association", resource_arn=load_balancer.arn, web_acl_arn=acl.arn
        )
        self._log_blocked_requests(name, log_days)

    def _log_blocked_requests(self, name: str, days: int) -> None:
        group = cdk.aws.cloudwatch_log_group.CloudwatchLogGroup(
            self,
            "logs",
            # WAF requires this prefix.
            name=f"aws-waf-logs-{name}",
            retention_in_days=days,
        )
        module = cdk.aws.wafv2_web_acl_logging_configuration
        # Plain dictionaries would lose the names of nested fields in these lists.
        blocked = module.Wafv2WebAclLoggingConfigurationLoggingFilterFilterCondition(
            action_condition={"action": "BLOCK"}
        )
        keep_blocked = module.Wafv2WebAclLoggingConfigurationLoggingFilterFilter(
            behavior="KEEP", requirement="MEETS_ANY", condition=[blocked]
        )
        module.Wafv2WebAclLoggingConfiguration(
            self,
            "logging",
            resource_arn=self.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[
                module.Wafv2WebAclLoggingConfigurationRedactedFields(single_header={"name": header})
                for header in ("authorization", "cookie")
            ],
            logging_filter=module.Wafv2WebAclLoggingConfigurationLoggingFilter(
                default_behavior="DROP", filter=[keep_blocked]
            ),
        )


def _rate_rule(limit: int) -> Any:
    return cdk.aws.wafv2_web_acl.Wafv2WebAclRule(
        name="requests-per-address",
        priority=0,
        action={"block": {"custom_response": {"response_code": 429}}},
        statement={"rate_based_statement": {"limit": limit, "aggregate_key_type": "IP", "evaluation_window_sec": 300}},
        visibility_config=_visibility_config("requests-per-address"),
    )


def _managed_rules(priority: int, group: str, counted: Sequence[str] = ()) -> Any:
    overrides = [{"name": rule, "action_to_use": {"count": {}}} for rule in counted]
    rules: dict[str, object] = {"vendor_name": "AWS", "name": group}
    if overrides:
        rules["rule_action_override"] = overrides
    return cdk.aws.wafv2_web_acl.Wafv2WebAclRule(
        name=group,
        priority=priority,
        override_action={"none": {}},
        statement={"managed_rule_group_statement": rules},
        visibility_config=_visibility_config(group),
    )


def _visibility_config(metric: str) -> dict[str, object]:
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": False}
