"""Bucket: private, encrypted, versioned, TLS only; grants by prefix."""

from __future__ import annotations

from typing import Any

import pytest
from once import once
from syrupy.assertion import SnapshotAssertion

from constructs_lib import Bucket, ConstructError, LifecycleRule, ServiceRole
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.testing import Template, synth

ORIGINALS = LifecycleRule(name="originals", prefix="in/", infrequent_access_after_days=30, expire_after_days=90)


@once
def bucket(**changes: Any) -> Template:
    return synth(lambda stack: Bucket(stack, "media", **{"name": "shop-media", **changes}))


@pytest.mark.snapshot
def test_plain(recorded: SnapshotAssertion) -> None:
    assert bucket().readable() == recorded


@pytest.mark.snapshot
def test_uploads_and_lifecycle(recorded: SnapshotAssertion) -> None:
    assert bucket(upload_origins=["https://shop.example"], lifecycle=[ORIGINALS]).readable() == recorded


def test_policy_requires_tls_for_bucket_and_objects() -> None:
    (statement,) = bucket().policy("aws_s3_bucket_policy")

    arn = statement["Resource"][0]
    assert statement["Resource"] == [arn, f"{arn}/*"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_plain_http_needs_a_reason() -> None:
    assert bucket(plain_http_reason="an emulator").resources("aws_s3_bucket_policy") == {}


def test_incomplete_uploads_and_old_versions_expire() -> None:
    (rule,) = bucket().one("aws_s3_bucket_lifecycle_configuration")["rule"]

    assert rule["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 7}]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 30}]


def test_grants_are_limited_to_their_prefix() -> None:
    class Owner:
        def __init__(self, stack: TerraformStack) -> None:
            self.role = ServiceRole(stack, "role", name="shop")

    def build(stack: TerraformStack) -> None:
        owner, media = Owner(stack), Bucket(stack, "media", name="shop-media")
        media.grant_read(owner, prefix="in/")
        media.grant_write(owner, prefix="out/")
        media.grant_list(owner)

    statements = {each["Sid"]: each for each in synth(build).policy("aws_iam_role_policy")}
    assert statements["ReadIn"]["Action"] == ["s3:GetObject"]
    assert [arn.partition("}")[2] for arn in statements["ReadIn"]["Resource"]] == ["/in/*"]
    assert [arn.partition("}")[2] for arn in statements["WriteOut"]["Resource"]] == ["/out/*"]
    assert "s3:DeleteObject" not in statements["WriteOut"]["Action"]
    assert statements["ListObjects"]["Action"] == ["s3:ListBucket"]
    assert [arn.partition("}")[2] for arn in statements["ListObjects"]["Resource"]] == [""]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Shop"}, r"test/media: name is 'Shop'; must be 1 to 63 characters .* accepts for a bucket"),
        ({"name": "shop.media"}, r"name is 'shop.media'"),
        ({"upload_origins": ["*"]}, r"upload_origins is '\*'; must be an origin such as https://portal.example"),
        ({"old_versions_days": 0}, r"old_versions_days is 0; must be between 1 and 3650"),
        (
            {"lifecycle": [LifecycleRule(name="cold", prefix="", infrequent_access_after_days=3)]},
            r"cold.infrequent_access_after_days is 3; must be between 30 and 3650\. Fix: use at least 30, S3's",
        ),
    ],
)
def test_invalid_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        bucket(**changes)
