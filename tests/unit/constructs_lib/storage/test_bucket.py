"""Bucket: private, encrypted, versioned, TLS only; grants by prefix."""

from __future__ import annotations

import re
from typing import Any

import pytest
from once import once
from syrupy.assertion import SnapshotAssertion

from constructs_lib import Bucket, ConstructError, LifecycleRule, Network, PublicLoadBalancer, ServiceRole
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.testing import Template, synth, synth_app

ORIGINALS = LifecycleRule(name="originals", prefix="in/", infrequent_access_after_days=30, expire_after_days=90)


@once
def bucket(**changes: Any) -> Template:
    return synth(lambda stack: Bucket(stack, "media", **{"name": "shop-media", **changes}))


@pytest.mark.snapshot
def test_plain(recorded: SnapshotAssertion) -> None:
    assert bucket().readable() == recorded


@pytest.mark.snapshot
def test_uploads_and_lifecycle(recorded: SnapshotAssertion) -> None:
    def build(stack: TerraformStack) -> None:
        Bucket(stack, "media", name="shop-media", lifecycle=[ORIGINALS]).allow_uploads_from(["https://shop.example"])

    assert synth(build).readable() == recorded


@pytest.mark.parametrize(
    "origin", ["*", "https://*.shop.example", "https://shop.example/", "https://Shop.example", "shop.example", "null"]
)
def test_invalid_upload_origins(origin: str) -> None:
    message = rf"test/media: origins is '{re.escape(origin)}'; must be an origin such as https://portal.example\. Fix: "
    with pytest.raises(ConstructError, match=message):
        synth(lambda stack: Bucket(stack, "media").allow_uploads_from([origin]))


def test_upload_origins_are_given_once() -> None:
    def build(stack: TerraformStack) -> None:
        media = Bucket(stack, "media")
        media.allow_uploads_from(["http://localhost:8080", "http://[::1]:8080"])
        media.allow_uploads_from(["https://shop.example"], scope=stack)

    with pytest.raises(ConstructError, match=r"origins is \['https://shop.example'\]; must be listed in one call"):
        synth(build)


def test_uploads_from_a_load_balancer_of_another_stack() -> None:
    """The configuration is in the stack that knows both, so that the two are created in parallel."""
    created: dict[str, Any] = {}

    def storage(stack: TerraformStack) -> None:
        created["media"] = Bucket(stack, "media")

    def edge(stack: TerraformStack) -> None:
        network = Network(stack, "network", cidr="10.0.0.0/16")
        reason = "a laboratory"
        created["balancer"] = PublicLoadBalancer(
            stack, "balancer", network=network, plain_http_reason=reason, access_logs_off_reason=reason
        )

    def web(stack: TerraformStack) -> None:
        created["media"].allow_uploads_from([created["balancer"].url], scope=stack)

    (rule,) = synth_app(storage=storage, edge=edge, web=web)["web"].one("aws_s3_bucket_cors_configuration")["cors_rule"]
    (origin,) = rule["allowed_origins"]
    assert re.fullmatch(r"http://\$\{data\.terraform_remote_state\..*-edge\..*dns_name\}", origin)
    assert (rule["allowed_methods"], rule["allowed_headers"]) == (["PUT"], ["content-type"])


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


def test_delete_markers_without_versions_expire() -> None:
    """In a rule without an age in days, as S3 requires."""
    rules = bucket(lifecycle=[ORIGINALS]).one("aws_s3_bucket_lifecycle_configuration")["rule"]

    expirations = [rule["expiration"] for rule in rules]
    assert expirations == [[{"expired_object_delete_marker": True}], [{"days": 90}]]


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
