"""The releases that were deployed, as the versions of ``release.json`` in the bucket tell."""

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
        deployed: when.
        sha256: of all its parts.
        version: from pyproject.toml; empty where the sources alone were deployed.
        commit: of its sources, likewise.
    """

    deployed: datetime
    sha256: str
    version: str = ""
    commit: str = ""

    @property
    def can_be_built(self) -> bool:
        """Whether its commit alone makes it again."""
        return self.commit not in ("", "unknown") and not self.commit.endswith(MODIFIED)

    @property
    def short_commit(self) -> str:
        """The first 12 digits, which ``--to`` takes and git knows it by."""
        commit, modified, _ = self.commit.partition(MODIFIED)
        return commit[:12] + modified

    def __str__(self) -> str:
        return f"{self.version} of commit {self.short_commit}" if self.commit else f"the sources {self.sha256[:12]}"


def history(s3: Any, bucket: str, service: str) -> list[DeployedRelease]:
    """The releases of a service, the newest first; as far back as the bucket keeps them.

    Args:
        s3: boto3 client.
        bucket: of the releases.
        service: portal or worker.
    """
    # It loads the framework and starts Node, which the other commands do without.
    from constructs_lib.compute.release import MANIFEST, PREFIX

    key = f"{PREFIX}{service}/{MANIFEST}"
    versions = [
        version
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        for version in page.get("Versions", [])
        if version["Key"] == key
    ]
    found = []
    for version in sorted(versions, key=lambda each: (each["LastModified"], each["IsLatest"]), reverse=True):
        held = json.loads(s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])["Body"].read())
        about = held["about"]
        found.append(
            DeployedRelease(
                deployed=version["LastModified"],
                sha256=held["sha256"],
                version=about.get("version", ""),
                commit=about.get("commit", ""),
            )
        )
    return found


def of_template(ec2: Any, template: str) -> dict[str, str]:
    """The hash of the release that each version of a launch template runs.

    Args:
        ec2: boto3 client.
        template: its id.
    """
    pages = ec2.get_paginator("describe_launch_template_versions").paginate(LaunchTemplateId=template)
    return {
        str(version["VersionNumber"]): read_environment(
            base64.b64decode(version["LaunchTemplateData"]["UserData"]).decode()
        ).get("RELEASE", "")
        for page in pages
        for version in page["LaunchTemplateVersions"]
    }
