"""Another release in the bucket and in the launch template, as a later deployment leaves them."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.boot.groups import LaunchGroup, read_groups
from constructs_lib.compute import archive
from emulator import aws

CODE = f"code{archive.SUFFIX}"
_FETCH = re.compile(r"fetch '(?P<key>[^']+)' '(?P<version>[^']+)' '(?P<sha256>[0-9a-f]{64})'")


@dataclass(frozen=True, kw_only=True)
class PublishedPart:
    """An archive of a release, as user-data names it.

    Args:
        key, version: of the object.
        sha256: of the tar inside.
    """

    key: str
    version: str
    sha256: str


def parts(user_data: str) -> list[PublishedPart]:
    """What a user-data script fetches."""
    return [PublishedPart(**found.groupdict()) for found in _FETCH.finditer(user_data)]


def publish(aws_port: int, service: str, files: Mapping[str, str]) -> LaunchGroup:
    """Deploy the release that is deployed now, with some of its files changed.

    Args:
        aws_port: where the embedded AWS listens.
        service: PORTAL or WORKER.
        files: texts by their paths in the release; new or in the place of what was there.

    Returns:
        The group with its new launch template.
    """
    group = read_groups(aws_port)[service]
    (old,) = (part for part in parts(group.user_data) if part.key.endswith(CODE))
    new = _upload(aws_port, group.environment["MEDIA_BUCKET"], old, files)
    release = group.environment["RELEASE"]
    renamed = hashlib.sha256(f"{release}{new.sha256}".encode()).hexdigest()
    text = group.user_data.replace(release, renamed)
    text = text.replace(f"'{old.version}' '{old.sha256}'", f"'{new.version}' '{new.sha256}'")
    return deploy(aws_port, replace(group, user_data=text))


def deploy(aws_port: int, group: LaunchGroup) -> LaunchGroup:
    """Make a group's user-data the newest version of its launch template; naming an earlier one rolls back."""
    ec2 = aws.client("ec2", aws_port)
    newest = ec2.describe_launch_template_versions(LaunchTemplateId=group.template_id, Versions=["$Latest"])
    data = newest["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    encoded = base64.b64encode(group.user_data.encode()).decode()
    # Whole: the embedded AWS does not take the rest from a source version.
    ec2.create_launch_template_version(
        LaunchTemplateId=group.template_id, LaunchTemplateData={**data, "UserData": encoded}
    )
    return read_groups(aws_port)[group.service]


def _upload(aws_port: int, bucket: str, part: PublishedPart, files: Mapping[str, str]) -> PublishedPart:
    s3 = aws.client("s3", aws_port)
    found = s3.get_object(Bucket=bucket, Key=part.key, VersionId=part.version)["Body"].read()
    with tempfile.TemporaryDirectory() as folder:
        content, packed = Path(folder) / "content", Path(folder) / "packed"
        with tarfile.open(fileobj=io.BytesIO(found)) as opened:
            opened.extractall(content, filter="data")
        for path, text in files.items():
            (content / path).parent.mkdir(parents=True, exist_ok=True)
            (content / path).write_text(text)
        sha256 = archive.pack({"": content}, packed)
        answer = s3.put_object(Bucket=bucket, Key=part.key, Body=packed.read_bytes())
    return PublishedPart(key=part.key, version=answer["VersionId"], sha256=sha256)
