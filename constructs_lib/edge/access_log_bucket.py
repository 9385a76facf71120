"""Bucket for the access logs of load balancers."""

from __future__ import annotations

from constructs_lib.foundation import cdk, stack_context
from constructs_lib.storage.bucket import Bucket, LifecycleRule


class AccessLogBucket(cdk.Construct):
    """A bucket for the access logs of this account's load balancers; old logs expire.

    Access logs have users' IP addresses and requested paths: keep them no longer than needed.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html

    Args:
        name: globally unique name of the bucket; by default derived as for ``Bucket``.
        days: retention of the logs, in days.
        force_destroy_reason: reason why destroying the bucket deletes its logs; by default a bucket with logs cannot be
            destroyed.
        plain_http_reason: reason why requests without TLS are allowed; by default they are denied.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        name: str | None = None,
        days: int = 90,
        force_destroy_reason: str | None = None,
        plain_http_reason: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        bucket = Bucket(
            self,
            "bucket",
            name=name,
            lifecycle=[LifecycleRule(name="old-logs", prefix="", expire_after_days=days)],
            old_versions_days=1,
            force_destroy_reason=force_destroy_reason,
            plain_http_reason=plain_http_reason,
        )
        self.name: str = bucket.name
        self.writable: cdk.TerraformElement = bucket.allow_service(
            "WriteAccessLogs",
            service="logdelivery.elasticloadbalancing.amazonaws.com",
            action="s3:PutObject",
            prefix=f"AWSLogs/{stack_context.account(self)}/",
        )
        """Dependency of load balancers, which test write access to the bucket when logging is enabled."""
