"""Every IAM policy of every variant: valid by AWS's reference, enough for the recorded calls, and no more."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from iam_policies import ACCOUNT, PolicyDocument, allows, as_list, findings, policy_documents, resolve

from constructs_lib.compute import rollout_function
from constructs_lib.foundation import template
from operations.doctor.actions import ACTIONS, ALWAYS, OPERATIONS
from operations.doctor.policy import PolicyScope, documents, statements
from stacks.settings.model import Settings
from tests import service_calls

Variants = dict[str, dict[str, dict[str, Any]]]

ACCEPTED_FINDINGS = {
    'cloudwatch:DescribeAlarms is allowed on "*"; must be limited to arn:*:cloudwatch:*:*:alarm:*': "a role that is "
    "limited to alarms by name gets no composite alarms: "
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html",
    'ssm:UpdateInstanceInformation is allowed on "*"; must be limited to arn:*:ec2:*:*:instance/*, '
    "arn:*:ssm:*:*:managed-instance/*": "AWS's own AmazonSSMManagedInstanceCore allows it on every resource; the ids "
    "of the instances do not exist before the role",
}
"""Findings that are accepted, with the reason, by the finding's text without its policy."""

_AGENT = "Session Manager's agent, which the tests do not run, calls it"
_SESSION_MANAGER = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
UNRECORDED = {
    **{f"{program}: {action}": _AGENT for program in ("portal", "worker") for action in _SESSION_MANAGER},
    "worker: s3:ListBucket": "without it, S3 answers 403 instead of 404 for a deleted video",
    "worker: s3:ListMultipartUploadParts processed/*": "Bucket.grant_write allows uploads that are continued, too",
}
"""Granted actions that no recorded call of a service or of the boot needs, with the reason."""

ROLLOUT = "_rollout_"
"""Part of the address of the policies of the functions that start rollouts."""
_CHECKED = "Auto Scaling checks that the caller of StartInstanceRefresh may launch from the template"
ROLLOUT_UNCALLED = {
    "ec2:CreateTags": _CHECKED,
    "ec2:RunInstances": _CHECKED,
    "iam:PassRole": _CHECKED,
    "logs:CreateLogStream": "Lambda writes the function's log with its role",
    "logs:PutLogEvents": "Lambda writes the function's log with its role",
}
"""Actions of the rollouts' functions that their code does not call, with the reason."""

ROLES = {"portal": "portal", "worker": "workers"}
"""Stack of each program's role."""


def test_every_policy_is_valid(variants: Variants) -> None:
    found = [policy for stacks in variants.values() for policy in policy_documents(stacks)]

    assert {policy.kind for policy in found} >= {
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_kms_key",
        "aws_s3_bucket_policy",
        "aws_sns_topic_policy",
        "aws_sqs_queue_policy",
    }
    problems = {problem.partition(": ")[2]: problem for policy in found for problem in findings(policy)}
    assert [problem for text, problem in sorted(problems.items()) if text not in ACCEPTED_FINDINGS] == []
    assert ACCEPTED_FINDINGS.keys() - problems.keys() == set(), "these are fixed: remove the entries"


def policy_with(kind: str = "aws_iam_role_policy", **changes: object) -> PolicyDocument:
    statement = {
        "Sid": "Send",
        "Effect": "Allow",
        "Action": ["sqs:SendMessage"],
        "Resource": ["arn:aws:sqs:us-east-1:123456789012:jobs"],
        **changes,
    }
    statement = {name: value for name, value in statement.items() if value is not None}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return PolicyDocument(where="queue it", kind=kind, trusts=False, document=document)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"Action": ["sqs:SendMessages"]}, "sqs:SendMessages is not an action of AWS"),
        ({"Action": ["s3:ListAllMyBuckets"]}, 's3:ListAllMyBuckets takes no resource; must be allowed on "*"'),
        ({"Resource": ["*"]}, 'sqs:SendMessage is allowed on "*"; must be limited to arn:*:sqs:*:*:*'),
        ({"Resource": ["arn:aws:s3:::jobs"]}, "sqs:SendMessage takes none of ['arn:aws:s3:::jobs']"),
        (
            {"Resource": ["arn:aws:sqs:us-east-1:123456789012:jobs", "arn:aws:s3:::jobs"]},
            "no action takes arn:aws:s3:::jobs",
        ),
        ({"Condition": {"StringEquals": {"s3:prefix": "a"}}}, "s3:prefix is not a condition key of every action"),
        ({"Condition": {"StringEquals": {"aws:SecureTransport": "true"}}}, "StringEquals does not compare"),
        ({"Principal": "*"}, "a resource policy needs a Principal"),
        ({"Sid": "Send jobs"}, "the Sid has other characters"),
    ],
)
def test_invalid_statement_is_found(changes: dict[str, object], problem: str) -> None:
    found = list(findings(policy_with(**changes)))

    assert (problem in found[0]) if problem else not found


def roles(variants: Variants) -> Iterator[tuple[str, str, PolicyDocument, dict[str, Any]]]:
    """The variant, the program, the policy and the stack of each role that the variants of ANB create."""
    for variant, stacks in variants.items():
        for policy in policy_documents(stacks):
            for program, stack in ROLES.items():
                if policy.where.startswith(f"{stack} aws_iam_role_policy.{program}_role_policy_"):
                    yield variant, program, policy, stacks[stack]


TERMINATING = {"autoscaling:RecordLifecycleActionHeartbeat"}
"""Actions of the boot's calls that only a group with a terminating hook makes."""


def recorded_actions(program: str, stack: dict[str, Any]) -> set[str]:
    table = service_calls.read_table()
    hooks = {hook["name"] for hook in stack["resource"]["aws_autoscaling_lifecycle_hook"].values()}
    return table[program] | table["logging"] | (table["boot"] - (set() if "terminating" in hooks else TERMINATING))


def resources_of(entry: str, policy: PolicyDocument) -> str:
    """An ARN that an entry of the table is about: an object of its folder, or any resource of the statement."""
    action, _, folder = entry.partition(" ")
    for statement in policy.statements:
        if action in as_list(statement["Action"]):
            resource = as_list(statement["Resource"])[0]
            if not folder:
                return resource
            bucket = resource.partition("/")[0]
            name = "worker" if "worker" in policy.where else "portal"
            return f"{bucket}/{folder}{name}/1"
    return ""


def test_every_recorded_call_is_granted(variants: Variants) -> None:
    checked = 0
    for variant, program, policy, stack in roles(variants):
        for entry in sorted(recorded_actions(program, stack)):
            checked += 1
            action = entry.partition(" ")[0]
            assert allows(policy, action, resources_of(entry, policy)), f"{variant}: {program} may not {entry}"
    assert checked > 50


def test_nothing_is_granted_that_no_call_needs(variants: Variants) -> None:
    unneeded = set()
    for _, program, policy, stack in roles(variants):
        recorded = recorded_actions(program, stack)
        for statement in policy.statements:
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    if not _is_used(action, resource, recorded):
                        folder = resource.partition("/")[2] if resource.startswith("arn:aws:s3:") else ""
                        unneeded.add(f"{program}: {action} {folder}".strip())

    assert sorted(unneeded - UNRECORDED.keys()) == []
    assert sorted(UNRECORDED.keys() - unneeded) == [], "these are called or not granted: remove the entries"


def test_rollouts_may_only_do_what_their_function_calls(variants: Variants) -> None:
    source = Path(rollout_function.__file__).read_text()
    called = {
        f"{service}:{''.join(word.capitalize() for word in name.split('_'))}"
        for service, name in re.findall(r"self\.(autoscaling|cloudwatch)\.(\w+)\(", source)
    }
    policies = [
        policy
        for stacks in variants.values()
        for policy in policy_documents(stacks)
        if ROLLOUT in policy.where and policy.kind == "aws_iam_role_policy"
    ]

    assert len(policies) > 2
    for policy in policies:
        granted = {action for statement in policy.statements for action in as_list(statement["Action"])}
        assert granted == called | ROLLOUT_UNCALLED.keys(), policy.where


def _is_used(action: str, resource: str, recorded: set[str]) -> bool:
    used = [entry.partition(" ")[2] for entry in recorded if entry.partition(" ")[0] == action]
    folder = resource.partition("/")[2].partition("/")[0] if resource.startswith("arn:aws:s3:::") else ""
    return f"{folder}/" in used if folder else bool(used)


@pytest.fixture
def scopes(variant_settings: dict[str, Settings]) -> dict[str, PolicyScope]:
    """The scope of the deployer's policy of each variant of ANB."""
    return {name: PolicyScope(account=ACCOUNT, settings=settings) for name, settings in variant_settings.items()}


def deployer_actions(stacks: template.Documents) -> frozenset[str]:
    kinds = {resource.kind for document in stacks.values() for resource in template.resources(document)}
    return (ALWAYS | OPERATIONS).union(*(ACTIONS[kind] for kind in kinds))


def test_deployers_policy_is_valid(variants: Variants, scopes: dict[str, PolicyScope]) -> None:
    problems = set()
    for name, scope in scopes.items():
        for text in documents(statements(deployer_actions(variants[name]), scope)):
            document = PolicyDocument(
                where="deployer", kind="aws_iam_role_policy", trusts=False, document=json.loads(text)
            )
            problems |= set(findings(document))
    # AWS's descriptions of resources take ARNs, but a list has none yet.
    described = ("AnyResource: ", 'is allowed on "*"')
    assert sorted(each for each in problems if not all(part in each for part in described)) == []


NAMES = {
    "aws_autoscaling_group": "autoscaling:REGION:ACCOUNT:autoScalingGroup:1:autoScalingGroupName/",
    "aws_cloudwatch_composite_alarm": "cloudwatch:REGION:ACCOUNT:alarm:",
    "aws_cloudwatch_dashboard": "cloudwatch::ACCOUNT:dashboard/",
    "aws_cloudwatch_log_group": "logs:REGION:ACCOUNT:log-group:",
    "aws_cloudwatch_metric_alarm": "cloudwatch:REGION:ACCOUNT:alarm:",
    "aws_db_instance": "rds:REGION:ACCOUNT:db:",
    "aws_db_parameter_group": "rds:REGION:ACCOUNT:pg:",
    "aws_db_subnet_group": "rds:REGION:ACCOUNT:subgrp:",
    "aws_iam_instance_profile": "iam::ACCOUNT:instance-profile/",
    "aws_iam_role": "iam::ACCOUNT:role/",
    "aws_kms_alias": "kms:REGION:ACCOUNT:",
    "aws_lambda_function": "lambda:REGION:ACCOUNT:function:",
    "aws_lb": "elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/",
    "aws_s3_bucket": "s3:::",
    "aws_secretsmanager_secret": "secretsmanager:REGION:ACCOUNT:secret:",
    "aws_sns_topic": "sns:REGION:ACCOUNT:",
    "aws_sqs_queue": "sqs:REGION:ACCOUNT:",
    "aws_wafv2_web_acl": "wafv2:REGION:ACCOUNT:regional/webacl/",
}
"""Service and ARN of each type whose names limit the deployer's policy."""

_NAMED = ("alarm_name", "bucket", "dashboard_name", "function_name", "identifier", "name", "name_prefix")


def test_deployers_policy_covers_every_name(variants: Variants, scopes: dict[str, PolicyScope]) -> None:
    uncovered, seen = set(), set()
    for variant, scope in scopes.items():
        stacks, patterns = variants[variant], scope.patterns()
        for stack, document in stacks.items():
            for resource in template.resources(document):
                if resource.kind not in NAMES:
                    continue
                seen.add(resource.kind)
                name = next(str(resource.properties[key]) for key in _NAMED if resource.properties.get(key))
                form = NAMES[resource.kind].replace("REGION", scope.settings.aws_region).replace("ACCOUNT", ACCOUNT)
                arn = f"arn:aws:{form}{resolve(name, stack, stacks)}"
                allowed = patterns[form.partition(":")[0]]
                # A balancer's and an ACL's ARN end with an id.
                if not any(fnmatch.fnmatchcase(each, pattern) for each in (arn, f"{arn}/1") for pattern in allowed):
                    uncovered.add(f"{variant} {resource.path}: {arn}")

    assert sorted(uncovered) == []
    assert len(seen) > 14


def test_name_outside_the_environment_is_not_covered(scopes: dict[str, PolicyScope]) -> None:
    scope = scopes["production"]
    other = dataclasses.replace(scope, account="210987654321")

    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:anb-production-video-processing"
    assert any(fnmatch.fnmatchcase(queue, pattern) for pattern in scope.patterns()["sqs"])
    assert not any(fnmatch.fnmatchcase(queue, pattern) for pattern in other.patterns()["sqs"])
