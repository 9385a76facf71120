"""The least-privilege report: who may do what on which ARN, with references followed to their constructs."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from constructs_lib import Bucket, ServiceRole
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.governance.iam_report import Privilege, main, privileges, text, write
from constructs_lib.testing import synth

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
Written = Callable[..., dict[str, dict[str, Any]]]


class Owner:
    def __init__(self, role: ServiceRole) -> None:
        self.role = role


@pytest.fixture
def shop(written: Written) -> dict[str, dict[str, Any]]:
    """A role that reads a bucket of another stack, under a prefix."""
    made: list[Bucket] = []

    def web(stack: TerraformStack) -> None:
        role = ServiceRole(stack, "role", name="web")
        made[0].grant_read(Owner(role), prefix="pictures/")
        role.allow(
            "Count", ["dynamodb:GetItem"], ["arn:aws:dynamodb:*:*:table/t"], {"Bool": {"aws:MfaPresent": "true"}}
        )

    return written(store=lambda stack: made.append(Bucket(stack, "media", name="media")), web=web)


def test_each_statement_is_told_with_its_role_and_its_resources(shop: dict[str, dict[str, Any]]) -> None:
    found = {each.sid: each for each in privileges(shop)}

    assert set(found) == {"Count", "ReadPictures", "SessionManager"}
    assert {each.who for each in found.values()} == {"web/role/role"}
    assert found["ReadPictures"].actions == ("s3:GetObject",)
    assert found["Count"].conditions == {"Bool": {"aws:MfaPresent": "true"}}


def test_references_lead_through_other_stacks_to_their_construct(shop: dict[str, dict[str, Any]]) -> None:
    (pictures,) = [each for each in privileges(shop) if each.sid == "ReadPictures"]

    assert pictures.resources == ("store/media/bucket.arn/pictures/*",)


def test_what_leads_nowhere_known_stays_as_it_is() -> None:
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "${var.queue}"}
    document = {
        "resource": {"aws_iam_role_policy": {"it": {"role": "r", "policy": json.dumps({"Statement": [statement]})}}}
    }

    assert privileges({"shop": document}) == [
        Privilege(who="r", sid="", actions=("sqs:SendMessage",), resources=("${var.queue}",))
    ]


def test_denials_are_no_privileges_and_managed_policies_are() -> None:
    denial = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    document = {
        "resource": {
            "aws_iam_role_policy": {"no": {"role": "r", "policy": json.dumps({"Statement": [denial]})}},
            "aws_iam_role_policy_attachment": {
                "yes": {"role": "r", "policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
            },
        }
    }

    assert [each.actions for each in privileges({"shop": document})] == [(READ_ONLY,)]


def test_people_read_it_by_role(shop: dict[str, dict[str, Any]]) -> None:
    assert text(privileges(shop)).splitlines()[:5] == [
        "web/role/role may",
        "  dynamodb:GetItem",
        '      on arn:aws:dynamodb:*:*:table/t  when {"Bool": {"aws:MfaPresent": "true"}}',
        "  s3:GetObject",
        "      on store/media/bucket.arn/pictures/*",
    ]
    assert text([]) == "No role of these stacks may do anything."


def test_it_is_written_beside_the_stacks_and_printed_on_demand(
    shop: dict[str, dict[str, Any]], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)

    entries = json.loads((tmp_path / "privileges.json").read_text())
    assert [each["sid"] for each in entries] == ["Count", "ReadPictures", "SessionManager"]
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.rstrip() == text(privileges(shop))


def test_an_empty_folder_is_said_to_be_one(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path} holds no manifest.json; synthesize first: cdktf synth\n"


def test_a_role_alone_can_be_granted_to() -> None:
    def build(stack: TerraformStack) -> None:
        Bucket(stack, "media").grant_read(ServiceRole(stack, "batch"), prefix="reports/")

    template = synth(build)

    assert template.one("aws_iam_role")["name_prefix"] == "test-batch-"
    (granted,) = [each for each in template.policy("aws_iam_role_policy") if each["Sid"] == "ReadReports"]
    assert granted["Action"] == ["s3:GetObject"]
