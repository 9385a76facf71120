"""Protection against deletion, and the resources of a kept bucket."""

from __future__ import annotations

import re
from typing import Any

import pytest

from operations.deploy.states import TerraformState
from operations.destroy.command import bucket_addresses, deletion_attributes, require_unprotected
from workspace.errors import UserError


def states_with(kind: str, **attributes: Any) -> dict[str, TerraformState]:
    return {"it": TerraformState({}, ((kind, "it", attributes),))}


@pytest.mark.parametrize(
    ("kind", "attributes", "resource"),
    [
        (
            "aws_db_instance",
            {"identifier": "anb-postgres", "deletion_protection": True},
            "aws_db_instance anb-postgres",
        ),
        ("aws_lb", {"name": "anb-alb", "enable_deletion_protection": True}, "aws_lb anb-alb"),
        ("aws_s3_bucket", {"bucket": "anb-videos", "force_destroy": False}, "aws_s3_bucket anb-videos"),
    ],
)
def test_protected_resource_is_named_with_the_setting(kind: str, attributes: Any, resource: str) -> None:
    with pytest.raises(UserError) as caught:
        require_unprotected(states_with(kind, **attributes))
    assert caught.value.message == (
        f"Protected against deletion: {resource}. Set protect_data = false, run ./anb deploy, and then ./anb destroy."
    )


def test_unprotected_resources_are_accepted() -> None:
    require_unprotected(states_with("aws_db_instance", identifier="x", deletion_protection=False))
    require_unprotected(states_with("aws_s3_bucket", bucket="x", force_destroy=True))
    require_unprotected(states_with("aws_iam_role", name="x", force_destroy=False))


def test_addresses_of_a_bucket_include_its_configuration() -> None:
    resources = tuple(
        (kind, "it", {"bucket": bucket})
        for kind, bucket in (("aws_s3_bucket", "a"), ("aws_s3_bucket_policy", "a"), ("aws_s3_bucket", "b"))
    )
    assert bucket_addresses(TerraformState({}, resources), "a") == ["aws_s3_bucket.it", "aws_s3_bucket_policy.it"]


def test_answer_decides_on_snapshot_and_automated_backups() -> None:
    database = {"identifier": "anb", "final_snapshot_identifier": "anb-2026-final", "backup_retention_period": 7}
    assert deletion_attributes(database, skip_snapshot=False) == {
        "skip_final_snapshot": False,
        "final_snapshot_identifier": "anb-2026-final",
        "delete_automated_backups": False,
    }
    assert deletion_attributes(database, skip_snapshot=True) == {
        "skip_final_snapshot": True,
        "final_snapshot_identifier": "anb-2026-final",
        "delete_automated_backups": True,
    }


def test_database_without_snapshot_name_gets_one() -> None:
    chosen = deletion_attributes({"identifier": "anb", "backup_retention_period": 0}, skip_snapshot=False)
    assert re.fullmatch(r"anb-\d{14}-final", chosen["final_snapshot_identifier"])
    assert chosen["delete_automated_backups"] is True
