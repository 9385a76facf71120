"""IAM report: roles, actions and resources, with references resolved to constructs."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from constructs_lib import Bucket, ServiceRole
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.governance.iam_report import Privilege, main, privileges, render, write
from constructs_lib.testing import synth

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
Written = Callable[..., dict[str, dict[str, Any]]]


class Owner:
    def __init__(self, role: ServiceRole) -> None:
        self.role = role


@pytest.fixture
def shop(written: Written) -> dict[str, dict[str, Any]]:
    """A role that reads a prefix of another stack's bucket."""
    buckets: list[Bucket] = []

    def web(stack: TerraformStack) -> None:
        role = ServiceRole(stack, "role", name="web")
        buckets[0].grant_read(Owner(role), prefix="pictures/")
        role.allow(
            "Count", ["dynamodb:GetItem"], ["arn:aws:dynamodb:*:*:table/t"], {"Bool": {"aws:MfaPresent": "true"}}
        )

    return written(store=lambda stack: buckets.append(Bucket(stack, "media", name="media")), web=web)


def test_statement_has_role_and_actions(shop: dict[str, dict[str, Any]]) -> None:
    by_sid = {privilege.sid: privilege for privilege in privileges(shop)}

    assert set(by_sid) == {"Count", "ReadPictures"}
    assert {each.who for each in by_sid.values()} == {"web/role/role"}
    assert by_sid["ReadPictures"].actions == ("s3:GetObject",)
    assert by_sid["Count"].conditions == {"Bool": {"aws:MfaPresent": "true"}}


def test_references_resolve_across_stacks(shop: dict[str, dict[str, Any]]) -> None:
    (pictures,) = [each for each in privileges(shop) if each.sid == "ReadPictures"]

    assert pictures.resources == ("store/media/bucket.arn/pictures/*",)


def test_unknown_reference_stays_unchanged() -> None:
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "${var.queue}"}
    document = {
        "resource": {"aws_iam_role_policy": {"it": {"role": "r", "policy": json.dumps({"Statement": [statement]})}}}
    }

    assert privileges({"shop": document}) == [
        Privilege(who="r", sid="", actions=("sqs:SendMessage",), resources=("${var.queue}",))
    ]


def test_denials_are_left_out_and_managed_policies_listed() -> None:
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


def test_render_groups_by_role(shop: dict[str, dict[str, Any]]) -> None:
    assert render(privileges(shop)).splitlines()[:5] == [
        "web/role/role may",
        "  dynamodb:GetItem",
        '      on arn:aws:dynamodb:*:*:table/t  when {"Bool": {"aws:MfaPresent": "true"}}',
        "  s3:GetObject",
        "      on store/media/bucket.arn/pictures/*",
    ]
    assert render([]) == "No role of these stacks has permissions."


def test_report_is_written_and_printed(
    shop: dict[str, dict[str, Any]], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)

    entries = json.loads((tmp_path / "privileges.json").read_text())
    assert [each["sid"] for each in entries] == ["Count", "ReadPictures"]
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.rstrip() == render(privileges(shop))


def test_folder_without_manifest_is_an_error(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path} has no manifest.json. Fix: run cdktf synth.\n"


def test_service_role_can_receive_grants() -> None:
    def build(stack: TerraformStack) -> None:
        Bucket(stack, "media").grant_read(ServiceRole(stack, "batch"), prefix="reports/")

    template = synth(build)

    assert template.one("aws_iam_role")["name_prefix"] == "test-batch-"
    (statement,) = [each for each in template.policy("aws_iam_role_policy") if each["Sid"] == "ReadReports"]
    assert statement["Action"] == ["s3:GetObject"]
