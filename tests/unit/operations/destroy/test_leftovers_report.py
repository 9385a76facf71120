"""What destroy refuses, keeps and says remains."""

from __future__ import annotations

from typing import Any

import pytest

from operations.deploy.states import TerraformState
from operations.destroy.command import parts_of_bucket, refuse_guarded
from workspace.errors import UserError


def standing(kind: str, **attributes: Any) -> dict[str, TerraformState]:
    return {"it": TerraformState({}, ((kind, "it", attributes),))}


@pytest.mark.parametrize(
    ("kind", "attributes", "named"),
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
def test_what_is_guarded_is_named_with_the_setting_to_change(kind: str, attributes: Any, named: str) -> None:
    with pytest.raises(UserError) as caught:
        refuse_guarded(standing(kind, **attributes))
    assert caught.value.message == (
        f"Guarded against being destroyed: {named}. Set protect_data = false, run ./anb deploy, and then ./anb destroy."
    )


def test_what_is_not_guarded_may_go() -> None:
    refuse_guarded(standing("aws_db_instance", identifier="x", deletion_protection=False))
    refuse_guarded(standing("aws_s3_bucket", bucket="x", force_destroy=True))
    refuse_guarded(standing("aws_iam_role", name="x", force_destroy=False))


def test_a_bucket_that_is_kept_keeps_all_that_is_set_on_it() -> None:
    resources = tuple(
        (kind, "it", {"bucket": bucket})
        for kind, bucket in (("aws_s3_bucket", "a"), ("aws_s3_bucket_policy", "a"), ("aws_s3_bucket", "b"))
    )
    assert parts_of_bucket(TerraformState({}, resources), "a") == ["aws_s3_bucket.it", "aws_s3_bucket_policy.it"]
