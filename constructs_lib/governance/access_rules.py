"""Rules of ``SecurityAspect`` about permissions and secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from constructs_lib.foundation.template import Resource
from constructs_lib.governance.security_rule import Rule, RuleContext, as_list

_IDENTITY_POLICIES = ("aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy")
_RESOURCE_POLICIES = {
    "aws_ecr_repository_policy": ("CKV_AWS_32",),
    "aws_iam_role": ("CKV_AWS_60",),
    "aws_kms_key": ("CKV_AWS_33",),
    "aws_kms_key_policy": ("CKV_AWS_33",),
    "aws_s3_bucket_policy": ("CKV_AWS_70",),
    "aws_secretsmanager_secret_policy": (),
    "aws_sns_topic": ("CKV_AWS_169",),
    "aws_sns_topic_policy": ("CKV_AWS_169",),
    "aws_sqs_queue": ("CKV_AWS_168",),
    "aws_sqs_queue_policy": ("CKV_AWS_168",),
}
"""Resources with a policy that names principals, and checkov's rules about them."""
_LIMITING = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "kms:calleraccount",
}
"""Condition keys that limit a public principal to named callers.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""
_WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "s3:GetAccountPublicAccessBlock",
    "secretsmanager:GetRandomPassword",
    "ssm:UpdateInstanceInformation",
    "sts:GetCallerIdentity",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""Actions that do not support resources, besides most List and Describe actions.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""
_SAME_FAMILY = {"kms:GenerateDataKey*", "kms:ReEncrypt*"}
"""Wildcards from AWS's documentation for the variants of one action."""
_BROAD = re.compile(r"/(AdministratorAccess|PowerUserAccess|\w*FullAccess)$")
_CREDENTIAL = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_SECRET_RESOURCES = {
    "random_password": "a password",
    "tls_private_key": "a private key",
    "aws_iam_access_key": "an access key",
}


def _allowing(resource: Resource, stack: RuleContext) -> Iterator[dict[str, Any]]:
    """Yield the statements that allow an identity something."""
    policies: list[object] = []
    if resource.kind in _IDENTITY_POLICIES:
        policies.append(resource.properties.get("policy"))
    if resource.kind == "aws_iam_role":
        policies += [block.get("policy") for block in resource.blocks("inline_policy")]
    for policy in policies:
        for statement in stack.statements(policy) or []:
            if statement.get("Effect") == "Allow":
                yield statement


def _is_read_only(action: str) -> bool:
    verb = action.partition(":")[2]
    return verb.startswith(("Describe", "List"))


def _wildcard_action(resource: Resource, stack: RuleContext) -> Iterator[str]:
    for statement in _allowing(resource, stack):
        for action in as_list(statement.get("Action")):
            if "*" in action and not _is_read_only(action) and action not in _SAME_FAMILY:
                yield f"allows {action}"
        if "NotAction" in statement or "NotResource" in statement:
            yield "allows everything except what it names"


def _wildcard_resource(resource: Resource, stack: RuleContext) -> Iterator[str]:
    for statement in _allowing(resource, stack):
        if "*" not in as_list(statement.get("Resource")) or "Condition" in statement:
            continue
        named = [action for action in as_list(statement.get("Action")) if "*" not in action]
        narrow = [
            action
            for action in named
            if not _is_read_only(action)
            and action not in _WITHOUT_RESOURCE
            and not action.startswith(("ssmmessages:", "ec2messages:"))
        ]
        if narrow:
            yield f"allows {', '.join(sorted(narrow))} on every resource"


def _broad_managed_policy(resource: Resource, _: RuleContext) -> Iterator[str]:
    if not resource.kind.startswith("aws_iam_"):
        return
    attached = [resource.properties.get("policy_arn"), *as_list(resource.properties.get("managed_policy_arns"))]
    for arn in attached:
        if match := _BROAD.search(str(arn or "")):
            yield f"attaches {match[1]}"


def _public_policy(resource: Resource, stack: RuleContext) -> Iterator[str]:
    if resource.kind not in _RESOURCE_POLICIES:
        return
    policy = resource.properties.get("assume_role_policy" if resource.kind == "aws_iam_role" else "policy")
    for statement in stack.statements(policy) or []:
        if statement.get("Effect") == "Allow" and _is_public(statement) and not _is_limited(statement):
            actions = ", ".join(map(str, as_list(statement.get("Action")))) or "all actions except some"
            yield f"allows everyone {actions}"


def _is_public(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    if "NotPrincipal" in statement or principal == "*":
        return True
    return isinstance(principal, Mapping) and "*" in as_list(principal.get("AWS"))


def _is_limited(statement: Mapping[str, Any]) -> bool:
    condition = statement.get("Condition") or {}
    return any(key.lower() in _LIMITING for keys in condition.values() for key in keys)


def _public_function(resource: Resource, _: RuleContext) -> Iterator[str]:
    properties = resource.properties
    if resource.kind == "aws_lambda_function_url" and properties.get("authorization_type") == "NONE":
        yield "lets everyone call a function by its URL"
    limits = ("principal_org_id", "source_account", "source_arn")
    if (
        resource.kind == "aws_lambda_permission"
        and properties.get("principal") == "*"
        and not any(properties.get(limit) for limit in limits)
    ):
        yield f"allows everyone {properties.get('action')}"


def _secret_in_state(resource: Resource, _: RuleContext) -> Iterator[str]:
    if resource.kind in _SECRET_RESOURCES:
        yield f"keeps {_SECRET_RESOURCES[resource.kind]} in the state"
    for name in ("password", "master_password", "secret_string", "secret_binary", "auth_token"):
        if resource.properties.get(name):
            yield f"keeps {name} in the state"
    if _CREDENTIAL.search(json.dumps(resource.properties)):
        yield "contains a credential"


RULES = (
    Rule(
        id="wildcard-action",
        check=_wildcard_action,
        allowed="limited to actions by name",
        fix="name the actions",
        checkov=("CKV_AWS_62", "CKV_AWS_63"),
    ),
    Rule(
        id="wildcard-resource",
        check=_wildcard_resource,
        allowed="limited to the ARNs it uses, with * only for actions that take no resource",
        fix="name the ARNs, or add a condition",
        checkov=("CKV_AWS_355",),
    ),
    Rule(
        id="broad-managed-policy",
        check=_broad_managed_policy,
        allowed="a policy with only the actions it uses",
        fix="grant the actions it uses",
        checkov=("CKV_AWS_274",),
    ),
    Rule(
        id="public-policy",
        check=_public_policy,
        allowed="limited to principals by name, or by a condition on the account, organization, VPC or source",
        fix="name the principals",
        checkov=tuple(sorted({rule for rules in _RESOURCE_POLICIES.values() for rule in rules})),
    ),
    Rule(
        id="public-function",
        check=_public_function,
        allowed="limited to callers with AWS credentials, by name, account or source",
        fix="set authorization_type to AWS_IAM, or name the principal",
        checkov=("CKV_AWS_258", "CKV_AWS_301"),
    ),
    Rule(
        id="secret-in-state",
        check=_secret_in_state,
        allowed="a secret that Terraform never sees",
        fix="use a write-only argument, manage_master_user_password or GeneratedSecret",
        checkov=("CKV_AWS_41", "CKV_AWS_46"),
    ),
)
