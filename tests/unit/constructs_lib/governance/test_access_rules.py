"""Rules about permissions and secrets, on violating and compliant stacks."""

from __future__ import annotations

from typing import Any

import pytest
from security_cases import Case, Document, check, one, policy, violations

from constructs_lib.governance.access_rules import RULES

ARN = "arn:aws:s3:::media/*"
BOUND = {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def granted(**statement: Any) -> Document:
    """Create a role's policy with one statement."""
    return one("aws_iam_role_policy", role="r", policy=policy({"Resource": ARN, **statement}))


def by_data(**statement: Any) -> Document:
    """Create a role's policy as a data source."""
    reference = "${data.aws_iam_policy_document.it.json}"
    return {
        **one("aws_iam_role_policy", role="r", policy=reference),
        **one("data.aws_iam_policy_document", statement=[{"resources": [ARN], **statement}]),
    }


def key(**statement: Any) -> Document:
    return one("aws_kms_key", enable_key_rotation=True, policy=policy({"Action": "kms:Decrypt", **statement}))


CASES: list[Case] = [
    ("wildcard-action", "allows s3:*", granted(Action="s3:*"), granted(Action=["s3:GetObject"])),
    ("wildcard-action", "allows sqs:Get*", granted(Action="sqs:Get*"), granted(Action=["ec2:Describe*", "sqs:List*"])),
    ("wildcard-action", "allows *", granted(Action="*"), granted(Action="*", Effect="Deny")),
    ("wildcard-action", "allows kms:*", by_data(actions=["kms:*"]), by_data(actions=["kms:GenerateDataKey*"])),
    (
        "wildcard-action",
        "allows everything except what it names",
        one("aws_iam_policy", policy=policy({"NotAction": "iam:*", "Resource": "*"})),
        one("aws_iam_policy", policy="${aws_iam_policy.of_another_stack.policy}"),
    ),
    (
        "wildcard-action",
        "allows s3:*",
        one("aws_iam_role", inline_policy=[{"policy": policy({"Action": "s3:*", "Resource": ARN})}]),
        one("aws_iam_role", inline_policy=[{"policy": policy({"Action": "s3:GetObject", "Resource": ARN})}]),
    ),
    (
        "wildcard-resource",
        "allows s3:GetObject, s3:PutObject on every resource",
        granted(Action=["s3:PutObject", "s3:GetObject"], Resource="*"),
        granted(Action=["s3:PutObject", "s3:GetObject"], Resource=[ARN]),
    ),
    (
        "wildcard-resource",
        "allows iam:PassRole on every resource",
        by_data(actions=["iam:PassRole"], resources=["*"]),
        by_data(
            actions=["iam:PassRole"],
            resources=["*"],
            condition=[{"test": "StringEquals", "variable": "iam:PassedToService", "values": ["ec2.amazonaws.com"]}],
        ),
    ),
    (
        "wildcard-resource",
        "allows ssm:GetParameter on every resource",
        granted(Action=["ssm:GetParameter", "ssmmessages:OpenDataChannel"], Resource="*"),
        granted(Action=["cloudwatch:PutMetricData", "logs:DescribeLogGroups", "ssm:ListDocuments"], Resource="*"),
    ),
    (
        "broad-managed-policy",
        "attaches AdministratorAccess",
        one("aws_iam_role_policy_attachment", role="r", policy_arn="arn:aws:iam::aws:policy/AdministratorAccess"),
        one("aws_iam_role_policy_attachment", role="r", policy_arn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
    ),
    (
        "broad-managed-policy",
        "attaches AmazonS3FullAccess",
        one("aws_iam_role", managed_policy_arns=["arn:aws:iam::aws:policy/AmazonS3FullAccess"]),
        one("aws_iam_role", managed_policy_arns=["${aws_iam_policy.it.arn}"]),
    ),
    (
        "public-policy",
        "allows everyone sqs:SendMessage",
        one("aws_sqs_queue_policy", policy=policy({"Principal": "*", "Action": "sqs:SendMessage"})),
        one("aws_sqs_queue_policy", policy=policy({"Principal": "*", "Action": "sqs:SendMessage", "Condition": BOUND})),
    ),
    (
        "public-policy",
        "allows everyone s3:GetObject",
        one(
            "aws_s3_bucket_policy", bucket="media", policy=policy({"Principal": {"AWS": "*"}, "Action": "s3:GetObject"})
        ),
        one(
            "aws_s3_bucket_policy", bucket="media", policy=policy({"Principal": {"Service": "s3"}, "Action": "s3:Get"})
        ),
    ),
    (
        "public-policy",
        "allows everyone sns:Publish",
        {
            **one("aws_sns_topic_policy", policy="${data.aws_iam_policy_document.it.json}"),
            **one(
                "data.aws_iam_policy_document",
                statement={"actions": ["sns:Publish"], "principals": {"type": "AWS", "identifiers": ["*"]}},
            ),
        },
        {
            **one("aws_sns_topic_policy", policy="${data.aws_iam_policy_document.it.json}"),
            **one(
                "data.aws_iam_policy_document",
                statement={"actions": ["sns:Publish"], "principals": {"type": "AWS", "identifiers": ["123456789012"]}},
            ),
        },
    ),
    (
        "public-policy",
        "allows everyone kms:Decrypt",
        key(Principal={"AWS": "*"}, Condition={"Bool": {"aws:SecureTransport": "true"}}),
        key(Principal={"AWS": "*"}, Condition={"StringEquals": {"kms:CallerAccount": "123456789012"}}),
    ),
    (
        "public-policy",
        "allows everyone sts:AssumeRole",
        one("aws_iam_role", assume_role_policy=policy({"Principal": {"AWS": ["*"]}, "Action": "sts:AssumeRole"})),
        one("aws_iam_role", assume_role_policy=policy({"Principal": {"Service": "ec2"}, "Action": "sts:AssumeRole"})),
    ),
    (
        "public-function",
        "allows everyone lambda:InvokeFunction",
        one("aws_lambda_permission", action="lambda:InvokeFunction", principal="*"),
        one("aws_lambda_permission", action="lambda:InvokeFunction", principal="*", source_account="123456789012"),
    ),
    (
        "public-function",
        "lets everyone call a function by its URL",
        one("aws_lambda_function_url", function_name="resize", authorization_type="NONE"),
        one("aws_lambda_function_url", function_name="resize", authorization_type="AWS_IAM"),
    ),
    (
        "secret-in-state",
        "keeps a password in the state",
        one("random_password", length=20),
        one("random_id", byte_length=8),
    ),
    ("secret-in-state", "keeps an access key in the state", one("aws_iam_access_key", user="u"), one("aws_iam_user")),
    (
        "secret-in-state",
        "keeps secret_string in the state",
        one("aws_secretsmanager_secret_version", secret_string="hush"),
        one("aws_secretsmanager_secret_version", secret_string_wo="hush"),
    ),
    (
        "secret-in-state",
        "keeps password in the state",
        one("aws_db_instance", storage_encrypted=True, backup_retention_period=7, password="hush"),
        one("aws_db_instance", storage_encrypted=True, backup_retention_period=7, manage_master_user_password=True),
    ),
    (
        "secret-in-state",
        "contains a credential",
        one("aws_ssm_document", content="export AWS_ACCESS_KEY_ID=AKIA" + "IOSFODNN7EXAMPLE"),
        one("aws_ssm_document", content="aws sts get-caller-identity"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}: {case[1]}")
def test_rule_reports_only_the_violating_stack(case: Case) -> None:
    check(case)


def test_every_rule_has_cases() -> None:
    assert {case[0] for case in CASES} == {rule.id for rule in RULES}


def test_each_action_is_a_finding() -> None:
    both = one("aws_iam_policy", policy=policy({"Action": ["s3:*", "sqs:*"], "Resource": ARN}))

    assert [rule for rule, _ in violations(both)] == ["wildcard-action", "wildcard-action"]
