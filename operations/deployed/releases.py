"""The deployed releases, from the versions of ``release.json`` in the bucket."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from constructs_lib.compute.user_data import read_environment

MODIFIED = "-modified"


@dataclass(frozen=True, kw_only=True)
class DeployedRelease:
    """A release that was deployed.

    Args:
        deployed: Time of the deployment.
        sha256: Hash of all parts.
        version: Version in pyproject.toml; empty if only the sources were deployed.
        commit: Commit of the sources; empty if only the sources were deployed.
    """

    deployed: datetime
    sha256: str
    version: str = ""
    commit: str = ""

    @property
    def rebuildable(self) -> bool:
        """Whether the release can be built again from its commit."""
        return self.commit not in ("", "unknown") and not self.commit.endswith(MODIFIED)

    @property
    def short_commit(self) -> str:
        """The first 12 digits of the commit, accepted by ``--to`` and git."""
        commit, modified, _ = self.commit.partition(MODIFIED)
        return commit[:12] + modified

    def __str__(self) -> str:
        return f"{self.version} of commit {self.short_commit}" if self.commit else f"the sources {self.sha256[:12]}"


def list_releases(s3: Any, bucket: str, service: str) -> list[DeployedRelease]:
    """List the deployed releases of a service, newest first, as far back as the bucket keeps versions.

    Args:
        s3: boto3 client for S3.
        bucket: Bucket of the releases.
        service: portal or worker.
    """
    # Imported here because it loads CDKTF and starts Node.
    from constructs_lib.compute.release import MANIFEST, PREFIX

    key = f"{PREFIX}{service}/{MANIFEST}"
    versions = [
        version
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        for version in page.get("Versions", [])
        if version["Key"] == key
    ]
    releases = []
    for version in sorted(versions, key=lambda entry: (entry["LastModified"], entry["IsLatest"]), reverse=True):
        manifest = json.loads(s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])["Body"].read())
        about = manifest["about"]
        releases.append(
            DeployedRelease(
                deployed=version["LastModified"],
                sha256=manifest["sha256"],
                version=about.get("version", ""),
                commit=about.get("commit", ""),
            )
        )
    return releases


def hashes_by_template_version(ec2: Any, template: str) -> dict[str, str]:
    """The hash of the release in each version of a launch template.

    Args:
        ec2: boto3 client for EC2.
        template: Id of the launch template.
    """
    pages = ec2.get_paginator("describe_launch_template_versions").paginate(LaunchTemplateId=template)
    return {
        str(version["VersionNumber"]): read_environment(
            base64.b64decode(version["LaunchTemplateData"]["UserData"]).decode()
        ).get("RELEASE", "")
        for page in pages
        for version in page["LaunchTemplateVersions"]
    }
