"""A private bucket with every protection S3 keeps in a resource of its own."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from constructs_lib.foundation import cdk, names, policy, stack_context
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.grants import RoleOwner
from constructs_lib.foundation.waivers import waive

_ABORT_UPLOADS_DAYS = 7


@dataclasses.dataclass(frozen=True, kw_only=True)
class LifecycleRule:
    """What happens to the objects under a prefix as they age.

    Args:
        name: id of the rule.
        prefix: the objects it is about.
        infrequent_access_after_days: when they move to the cheaper class that is still read at once, at least 30.
        expire_after_days: when they are deleted.
    """

    name: str
    prefix: str
    infrequent_access_after_days: int | None = None
    expire_after_days: int | None = None


class Bucket(cdk.Construct):
    """An S3 bucket: private, encrypted, versioned, owner-enforced, TLS only; old versions and abandoned uploads go.

    Args:
        name: the bucket's name, unique in the world, without dots; by default it follows from the construct's path and
            ends in the account's number and the region.
        lifecycle: rules for its objects.
        upload_origins: web origins whose pages may send objects straight to it; none by default.
        old_versions_days: how long a replaced or deleted object can still be brought back.
        force_destroy_reason: why destroying the bucket deletes what is in it; by default it refuses while it holds
            anything.
        plain_http_reason: why requests without TLS are let in; by default they are refused.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        name: str | None = None,
        lifecycle: Sequence[LifecycleRule] = (),
        upload_origins: Sequence[str] = (),
        old_versions_days: int = 30,
        force_destroy_reason: str | None = None,
        plain_http_reason: str | None = None,
    ) -> None:
        checks = Checks(scope, id)
        if name is None:
            name = f"{names.bucket_stem(checks)}-{stack_context.account(scope)}-{stack_context.region(scope)}"
        name = names.bucket(checks, name)
        checks.between("old_versions_days", old_versions_days, 1, 3650, fix="use 30, the usual choice")
        for origin in upload_origins:
            if not re.fullmatch(r"https?://[^/\s*]+", origin):
                raise checks.error(
                    "upload_origins", origin, allowed="an origin such as https://portal.example", fix="list each origin"
                )
        for rule in lifecycle:
            if rule.infrequent_access_after_days is not None:
                days = rule.infrequent_access_after_days
                checks.between(
                    f"{rule.name}.infrequent_access_after_days", days, 30, 3650, fix="use at least 30, S3's minimum"
                )
        super().__init__(scope, id)

        bucket = cdk.aws.s3_bucket.S3Bucket(self, "bucket", bucket=name, force_destroy=force_destroy_reason is not None)
        if force_destroy_reason is not None:
            waive(self, "is destroyed with what it holds", reason=force_destroy_reason)
        self.name: str = bucket.bucket
        self.arn: str = bucket.arn
        private = cdk.aws.s3_bucket_public_access_block.S3BucketPublicAccessBlock(
            self,
            "private",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        cdk.aws.s3_bucket_ownership_controls.S3BucketOwnershipControls(
            self, "owner-enforced", bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}
        )
        encryption = cdk.aws.s3_bucket_server_side_encryption_configuration
        encryption.S3BucketServerSideEncryptionConfigurationA(
            self,
            "encrypted",
            bucket=bucket.id,
            rule=[
                encryption.S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default={"sse_algorithm": "AES256"}
                )
            ],
        )
        #: For what Terraform puts into the bucket: an object that came before it has no version of its own, and
        #: deleting it leaves a marker behind.
        self.versioned: cdk.TerraformElement = cdk.aws.s3_bucket_versioning.S3BucketVersioningA(
            self, "versioned", bucket=bucket.id, versioning_configuration={"status": "Enabled"}
        )
        self._lifecycle(bucket.id, lifecycle, old_versions_days, self.versioned)
        if upload_origins:
            cors = cdk.aws.s3_bucket_cors_configuration
            cors.S3BucketCorsConfiguration(
                self,
                "uploads-from-browsers",
                bucket=bucket.id,
                cors_rule=[
                    cors.S3BucketCorsConfigurationCorsRule(
                        allowed_methods=["GET", "HEAD", "PUT"],
                        allowed_origins=sorted(upload_origins),
                        allowed_headers=["*"],
                        expose_headers=["ETag"],
                        max_age_seconds=3000,
                    )
                ],
            )
        self._bucket_id: str = bucket.id
        self._private = private
        self._policy: Any = None
        self._statements: list[dict[str, object]] = []
        if plain_http_reason is None:
            self._add_to_policy(policy.deny_plain_http("s3:*", [self.arn, f"{self.arn}/*"]))
        else:
            waive(self, "answers requests without TLS", reason=plain_http_reason, explains=["CKV_AWS_379"])

    def allow_service(self, sid: str, *, service: str, action: str, prefix: str) -> cdk.TerraformElement:
        """Let an AWS service touch the objects under a prefix.

        Args:
            sid: letters and digits, says what it is for.
            service: such as ``logdelivery.elasticloadbalancing.amazonaws.com``.
            action: the API action.
            prefix: the objects; for a service that acts for many accounts it should hold the account's number.

        Returns:
            The bucket's policy, for what must wait until it stands.
        """
        return self._add_to_policy(
            {
                "Sid": sid,
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": action,
                "Resource": f"{self.arn}/{prefix}*",
            }
        )

    def _add_to_policy(self, statement: dict[str, object]) -> cdk.TerraformElement:
        self._statements.append(statement)
        written = policy.document(self._statements)
        if self._policy is None:
            self._policy = cdk.aws.s3_bucket_policy.S3BucketPolicy(
                self, "policy", bucket=self._bucket_id, policy=written, depends_on=[self._private]
            )
        else:
            self._policy.policy = written
        made: cdk.TerraformElement = self._policy
        return made

    def _lifecycle(
        self, bucket_id: str, rules: Sequence[LifecycleRule], old_versions_days: int, versioned: cdk.TerraformElement
    ) -> None:
        module = cdk.aws.s3_bucket_lifecycle_configuration
        leftovers = module.S3BucketLifecycleConfigurationRule(
            id="leftovers",
            status="Enabled",
            filter=[module.S3BucketLifecycleConfigurationRuleFilter(prefix="")],
            abort_incomplete_multipart_upload=[
                module.S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                    days_after_initiation=_ABORT_UPLOADS_DAYS
                )
            ],
            noncurrent_version_expiration=[
                module.S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=old_versions_days)
            ],
        )
        written = [leftovers]
        for rule in rules:
            moves = [
                module.S3BucketLifecycleConfigurationRuleTransition(
                    days=rule.infrequent_access_after_days, storage_class="STANDARD_IA"
                )
            ]
            ends = [module.S3BucketLifecycleConfigurationRuleExpiration(days=rule.expire_after_days)]
            written.append(
                module.S3BucketLifecycleConfigurationRule(
                    id=rule.name,
                    status="Enabled",
                    filter=[module.S3BucketLifecycleConfigurationRuleFilter(prefix=rule.prefix)],
                    transition=moves if rule.infrequent_access_after_days else None,
                    expiration=ends if rule.expire_after_days else None,
                )
            )
        module.S3BucketLifecycleConfiguration(self, "lifecycle", bucket=bucket_id, rule=written, depends_on=[versioned])

    def environment(self, prefix: str = "") -> dict[str, str]:
        """The variable that tells a program which bucket it is: ``BUCKET``.

        It goes into a service's ``environment``; ``grant_read``, ``grant_write`` and ``grant_delete`` make it work.

        Args:
            prefix: what stands before it, for a program that has several: ``"MEDIA_"`` makes ``MEDIA_BUCKET``.
        """
        return {f"{prefix}BUCKET": self.name}

    def grant_read(self, owner: RoleOwner, *, prefix: str = "", old_versions: bool = False) -> None:
        """Let a service read the objects under a prefix, and their old versions where it asks for one by its id."""
        actions = ["s3:GetObject", *(["s3:GetObjectVersion"] if old_versions else [])]
        self._grant(owner, "Read", actions, prefix)

    def grant_list(self, owner: RoleOwner) -> None:
        """Let a service see which objects there are, and which are not.

        Without it S3 answers 403 for an object that is missing, as it does for one that may not be read.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        """
        owner.role.allow("ListObjects", ["s3:ListBucket"], [self.arn])

    def grant_write(self, owner: RoleOwner, *, prefix: str = "") -> None:
        """Let a service write objects under a prefix, in parts too."""
        actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        self._grant(owner, "Write", actions, prefix)

    def grant_delete(self, owner: RoleOwner, *, prefix: str = "") -> None:
        """Let a service delete the objects under a prefix."""
        self._grant(owner, "Delete", ["s3:DeleteObject"], prefix)

    def _grant(self, owner: RoleOwner, verb: str, actions: Sequence[str], prefix: str) -> None:
        sid = verb + re.sub(r"[^A-Za-z0-9]", "", prefix.title())
        owner.role.allow(sid, actions, [f"{self.arn}/{prefix}*"])
