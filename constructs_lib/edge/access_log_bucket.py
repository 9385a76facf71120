"""Where load balancers write down every request."""

from __future__ import annotations

from constructs_lib.foundation import cdk, stack_context
from constructs_lib.storage.bucket import Bucket, LifecycleRule


class AccessLogBucket(cdk.Construct):
    """A bucket that the load balancers of this account may write their access logs to, and that forgets old ones.

    It holds addresses of people and paths they asked for: keep it no longer than you need it.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html

    Args:
        name: the bucket's name, unique in the world; by default made as a ``Bucket``'s.
        days: how long a log is kept.
        force_destroy_reason: why destroying the bucket may delete what is in it; by default it refuses.
        plain_http_reason: why requests without TLS are let in; by default they are refused.
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
        """What a load balancer must wait for: it tries the bucket before it logs to it."""
