"""A private bucket with all of S3's protections."""

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
_ORIGIN = re.compile(r"https?://[a-z0-9.\[\]:-]*[a-z0-9\]]")
_PREFLIGHT_SECONDS = 3000


@dataclasses.dataclass(frozen=True, kw_only=True)
class LifecycleRule:
    """Transition and expiration of the objects under a prefix.

    Args:
        name: id of the rule.
        prefix: prefix of the objects' keys.
        infrequent_access_after_days: age in days at which objects move to Standard-IA, at least 30; never by default.
        expire_after_days: age in days at which objects are deleted; never by default.
    """

    name: str
    prefix: str
    infrequent_access_after_days: int | None = None
    expire_after_days: int | None = None


class Bucket(cdk.Construct):
    """A private, encrypted, versioned, owner-enforced, TLS-only S3 bucket.

    Old versions, the delete markers that remain without versions, and incomplete uploads expire.

    Args:
        name: globally unique name without dots; by default derived from the construct's path, the account and the
            region.
        lifecycle: lifecycle rules of the objects.
        old_versions_days: days for which a replaced or deleted object can be restored, 1 to 3650.
        force_destroy_reason: reason why destroying the bucket deletes its objects; by default a bucket with objects
            cannot be destroyed.
        plain_http_reason: reason why requests without TLS are allowed; by default they are denied.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        name: str | None = None,
        lifecycle: Sequence[LifecycleRule] = (),
        old_versions_days: int = 30,
        force_destroy_reason: str | None = None,
        plain_http_reason: str | None = None,
    ) -> None:
        checks = Checks(scope, id)
        if name is None:
            name = f"{names.bucket_stem(checks)}-{stack_context.account(scope)}-{stack_context.region(scope)}"
        name = names.bucket(checks, name)
        checks.between("old_versions_days", old_versions_days, 1, 3650, fix="use 30, the usual choice")
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
        #: Dependency for objects that Terraform uploads: an object from before versioning has no version id, and
        #: deleting it leaves a delete marker.
        self.versioned: cdk.TerraformElement = cdk.aws.s3_bucket_versioning.S3BucketVersioningA(
            self, "versioned", bucket=bucket.id, versioning_configuration={"status": "Enabled"}
        )
        self._lifecycle(bucket.id, lifecycle, old_versions_days, self.versioned)
        self._checks = checks
        self._has_upload_origins = False
        self._bucket_id: str = bucket.id
        self._private = private
        self._policy: Any = None
        self._statements: list[dict[str, object]] = []
        if plain_http_reason is None:
            self._add_to_policy(policy.deny_plain_http("s3:*", [self.arn, f"{self.arn}/*"]))
        else:
            waive(self, "answers requests without TLS", reason=plain_http_reason, explains=["CKV_AWS_379"])

    def allow_uploads_from(self, origins: Sequence[str], *, scope: cdk.Construct | None = None) -> None:
        """Allow pages of these web origins to upload with presigned links; browsers block other pages (CORS).

        Pages may send PUT requests with a content type and read the ETag, which completes a multipart upload. Call it
        once: a bucket has one CORS configuration.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html

        Args:
            origins: origins as browsers send them: scheme, lower-case host and any port that is not the default, such
                as ``https://shop.example``.
            scope: scope of the configuration; by default the bucket. If an origin is known only after another stack,
                such as a load balancer's name, pass a construct of a stack that depends on both.

        Raises:
            ConstructError: an origin is invalid, or the method was called before.
        """
        for origin in origins:
            if "${" not in origin and not _ORIGIN.fullmatch(origin):
                allowed = "an origin such as https://portal.example"
                raise self._checks.error("origins", origin, allowed=allowed, fix="list each origin as browsers send it")
        if self._has_upload_origins:
            allowed = "listed in one call, since a bucket has one CORS configuration"
            raise self._checks.error("origins", list(origins), allowed=allowed, fix="call allow_uploads_from once")
        self._has_upload_origins = True
        cors = cdk.aws.s3_bucket_cors_configuration
        cors.S3BucketCorsConfiguration(
            scope or self,
            f"{'' if scope is None else f'{self.node.id}-'}uploads-from-browsers",
            bucket=self.name,
            cors_rule=[
                cors.S3BucketCorsConfigurationCorsRule(
                    allowed_methods=["PUT"],
                    allowed_origins=list(dict.fromkeys(origins)),
                    allowed_headers=["content-type"],
                    expose_headers=["ETag"],
                    max_age_seconds=_PREFLIGHT_SECONDS,
                )
            ],
        )

    def allow_service(self, sid: str, *, service: str, action: str, prefix: str) -> cdk.TerraformElement:
        """Allow an AWS service an action on the objects under a prefix.

        Args:
            sid: id of the statement, letters and digits.
            service: service principal, such as ``logdelivery.elasticloadbalancing.amazonaws.com``.
            action: API action.
            prefix: prefix of the objects' keys; it should include the account's number if the service acts for many
                accounts.

        Returns:
            The bucket's policy, for resources that must be created after it.
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
        document = policy.document(self._statements)
        if self._policy is None:
            self._policy = cdk.aws.s3_bucket_policy.S3BucketPolicy(
                self, "policy", bucket=self._bucket_id, policy=document, depends_on=[self._private]
            )
        else:
            self._policy.policy = document
        bucket_policy: cdk.TerraformElement = self._policy
        return bucket_policy

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
            # S3 accepts it only in a rule without an age in days and without tags.
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html
            expiration=[module.S3BucketLifecycleConfigurationRuleExpiration(expired_object_delete_marker=True)],
        )
        lifecycle_rules = [leftovers]
        for rule in rules:
            transitions = [
                module.S3BucketLifecycleConfigurationRuleTransition(
                    days=rule.infrequent_access_after_days, storage_class="STANDARD_IA"
                )
            ]
            expirations = [module.S3BucketLifecycleConfigurationRuleExpiration(days=rule.expire_after_days)]
            lifecycle_rules.append(
                module.S3BucketLifecycleConfigurationRule(
                    id=rule.name,
                    status="Enabled",
                    filter=[module.S3BucketLifecycleConfigurationRuleFilter(prefix=rule.prefix)],
                    transition=transitions if rule.infrequent_access_after_days else None,
                    expiration=expirations if rule.expire_after_days else None,
                )
            )
        module.S3BucketLifecycleConfiguration(
            self, "lifecycle", bucket=bucket_id, rule=lifecycle_rules, depends_on=[versioned]
        )

    def environment(self, prefix: str = "") -> dict[str, str]:
        """Return the environment variable with the bucket's name: ``BUCKET``.

        Pass it in a service's ``environment``; add permissions with ``grant_read``, ``grant_write``, ``grant_delete``.

        Args:
            prefix: prefix of the variable, for a program with several buckets: ``"MEDIA_"`` gives ``MEDIA_BUCKET``.
        """
        return {f"{prefix}BUCKET": self.name}

    def grant_read(self, owner: RoleOwner, *, prefix: str = "", old_versions: bool = False) -> None:
        """Allow a service to read the objects under a prefix, and old versions by id with ``old_versions``."""
        actions = ["s3:GetObject", *(["s3:GetObjectVersion"] if old_versions else [])]
        self._grant(owner, "Read", actions, prefix)

    def grant_list(self, owner: RoleOwner) -> None:
        """Allow a service to list the objects, and so to see that an object does not exist.

        Without it S3 answers 403 for a missing object, as for a forbidden one.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        """
        owner.role.allow("ListObjects", ["s3:ListBucket"], [self.arn])

    def grant_write(self, owner: RoleOwner, *, prefix: str = "") -> None:
        """Allow a service to write objects under a prefix, including multipart uploads."""
        actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        self._grant(owner, "Write", actions, prefix)

    def grant_delete(self, owner: RoleOwner, *, prefix: str = "") -> None:
        """Allow a service to delete the objects under a prefix."""
        self._grant(owner, "Delete", ["s3:DeleteObject"], prefix)

    def _grant(self, owner: RoleOwner, verb: str, actions: Sequence[str], prefix: str) -> None:
        sid = verb + re.sub(r"[^A-Za-z0-9]", "", prefix.title())
        owner.role.allow(sid, actions, [f"{self.arn}/{prefix}*"])
