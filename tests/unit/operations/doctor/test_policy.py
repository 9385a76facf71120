"""The printed IAM policy: every action on the environment's resources only, within IAM's limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from constructs_lib.foundation.policy import Statement
from operations.doctor import policy
from operations.doctor.actions import ACTIONS, ALWAYS, OPERATIONS
from operations.doctor.policy import MAX_CHARACTERS, PolicyScope, arn_forms, documents, overlap, samples, statements
from stacks.settings.model import Settings

ALL = (ALWAYS | OPERATIONS).union(*ACTIONS.values())


def scope(**changes: object) -> PolicyScope:
    return PolicyScope(account="123456789012", settings=Settings.model_validate(changes))


def printed(actions: frozenset[str], **changes: object) -> list[dict[str, Any]]:
    """All statements of the printed policies."""
    texts = documents(statements(actions, scope(**changes)))
    return [statement for text in texts for statement in json.loads(text)["Statement"]]


def test_every_action_exists_in_aws() -> None:
    known = policy.reference()

    assert {each for each in ALL if each.split(":")[1] not in known[each.split(":")[0]]["privileges"]} == set()


def test_every_action_is_allowed_once() -> None:
    assert sorted(action for statement in printed(ALL) for action in statement["Action"]) == sorted(ALL)


def test_every_required_resource_type_is_covered() -> None:
    limited = {action for action in ALL if samples(action, scope()) != ("*",)}

    assert len(limited) > 100
    assert {action for action in limited if not samples(action, scope())} == set()


def test_only_descriptions_and_actions_without_resources_are_not_limited() -> None:
    (unlimited,) = [statement for statement in printed(ALL) if statement["Resource"] == ["*"]]

    named = {action for action in unlimited["Action"] if arn_forms(action)}
    others = {action for action in named if not action.split(":")[1].startswith(("Describe", "List"))}
    assert others == {"iam:GetRole", "iam:SimulatePrincipalPolicy"}


def test_roles_are_passed_only_to_the_services_that_use_them() -> None:
    (passing,) = [statement for statement in printed(ALL) if statement["Action"] == ["iam:PassRole"]]

    assert passing["Resource"] == ["arn:aws:iam::123456789012:role/anb-production-*"]
    assert passing["Condition"]["StringEquals"]["iam:PassedToService"] == [
        "ec2.amazonaws.com",
        "lambda.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
    ]


def test_names_and_state_of_the_environment_are_the_limits() -> None:
    changes: dict[str, object] = {
        "environment_name": "anb-staging",
        "aws_region": "eu-west-1",
        "video_storage_bucket_name": "clips",
        "hosted_zone_id": "Z0123456789",
        "state_backend": "s3",
        "state_bucket": "states",
    }
    limits = {statement["Sid"]: statement["Resource"] for statement in printed(ALL, **changes)}

    assert limits["Sqs"] == ["arn:aws:sqs:eu-west-1:123456789012:anb-staging-*"]
    assert limits["S3"] == [
        "arn:aws:s3:::anb-staging-*",
        "arn:aws:s3:::anb-staging-*/*",
        "arn:aws:s3:::clips",
        "arn:aws:s3:::clips/*",
    ]
    assert limits["Route53"] == ["arn:aws:route53:::change/*", "arn:aws:route53:::hostedzone/Z0123456789"]
    assert limits["State"] == ["arn:aws:s3:::states/anb-staging/*"]
    assert limits["StateBucket"] == ["arn:aws:s3:::states"]


def test_policies_are_as_few_as_the_limit_allows() -> None:
    texts = documents(statements(ALL, scope()))

    assert len(texts) <= 3
    assert max(len(text) for text in texts) <= MAX_CHARACTERS


def test_statement_longer_than_a_policy_is_split() -> None:
    actions = [f"sqs:Action{number:04}" for number in range(500)]
    texts = documents([Statement("Sqs", actions, ["*"])])

    parts = [statement for text in texts for statement in json.loads(text)["Statement"]]
    assert [action for part in parts for action in part["Action"]] == actions
    assert len({part["Sid"] for part in parts}) == len(parts) > 1


@pytest.mark.parametrize(
    ("first", "second", "common"),
    [
        ("a", "a", True),
        ("a*", "ab", True),
        ("*", "*/*", True),
        ("role/anb-*", "role/*", True),
        ("role/anb-*", "user/*", False),
        ("*-asg", "anb-*", True),
        ("anb", "anb-asg", False),
    ],
)
def test_patterns_overlap(first: str, second: str, common: bool) -> None:
    assert overlap(first, second) is overlap(second, first) is common
