"""The bucket of videos and releases."""

from __future__ import annotations

from constructs_lib import Bucket, LifecycleRule, Release
from constructs_lib.foundation import cdk
from stacks.base import AnbStack
from stacks.release_artifacts import Software
from stacks.settings.model import Settings

UPLOADS = "uploads/"
PROCESSED = "processed/"


class StorageStack(AnbStack):
    """Originals under ``uploads/``, processed videos under ``processed/``, software under ``releases/``.

    Args:
        software: releases of the services.
    """

    def __init__(self, scope: cdk.Construct, settings: Settings, software: Software) -> None:
        super().__init__(scope, "storage", settings)
        originals = LifecycleRule(
            name="originals",
            prefix=UPLOADS,
            infrequent_access_after_days=30 if settings.originals_days == 0 else None,
            expire_after_days=settings.originals_days or None,
        )
        self.bucket = Bucket(
            self,
            "videos",
            name=settings.video_storage_bucket_name or self._default_name(),
            lifecycle=[originals],
            force_destroy_reason=settings.effective_profile.waiver_reason("protect"),
            plain_http_reason=self.plain_http_reason,
        )
        self.portal_release = Release(self, "portal", bucket=self.bucket, parts=software.portal, about=software.about)
        self.worker_release = Release(self, "worker", bucket=self.bucket, parts=software.worker, about=software.about)
        self.output("s3_bucket_name", self.bucket.name, "Name of the video bucket")
        self.output("s3_bucket_arn", self.bucket.arn, "ARN of the video bucket")

    def _default_name(self) -> str:
        return f"{self.prefix}-videos-{self.account}-{self.region}"
