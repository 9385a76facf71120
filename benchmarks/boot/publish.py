"""Publishes a changed release to the bucket and the launch template, like a later deployment."""

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
    """A part of a release, as referenced by user data.

    Args:
        key: key of the object.
        version: version id of the object.
        sha256: checksum of the uncompressed tar.
    """

    key: str
    version: str
    sha256: str


def parse_parts(user_data: str) -> list[PublishedPart]:
    """Return the release parts that a user data script fetches."""
    return [PublishedPart(**match.groupdict()) for match in _FETCH.finditer(user_data)]


def publish(aws_port: int, service: str, files: Mapping[str, str]) -> LaunchGroup:
    """Deploy the current release with changed or additional files.

    Args:
        aws_port: port of the AWS emulator.
        service: PORTAL or WORKER.
        files: contents by path in the release.

    Returns:
        The group with its new launch template version.
    """
    group = read_groups(aws_port)[service]
    (old,) = (part for part in parse_parts(group.user_data) if part.key.endswith(CODE))
    new = _upload(aws_port, group.environment["MEDIA_BUCKET"], old, files)
    release = group.environment["RELEASE"]
    new_release = hashlib.sha256(f"{release}{new.sha256}".encode()).hexdigest()
    text = group.user_data.replace(release, new_release)
    text = text.replace(f"'{old.version}' '{old.sha256}'", f"'{new.version}' '{new.sha256}'")
    return deploy(aws_port, replace(group, user_data=text))


def deploy(aws_port: int, group: LaunchGroup) -> LaunchGroup:
    """Create a launch template version with the group's user data; pass an earlier group to roll back."""
    ec2 = aws.client("ec2", aws_port)
    newest = ec2.describe_launch_template_versions(LaunchTemplateId=group.template_id, Versions=["$Latest"])
    data = newest["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    encoded = base64.b64encode(group.user_data.encode()).decode()
    # Pass all data: the AWS emulator does not support SourceVersion.
    ec2.create_launch_template_version(
        LaunchTemplateId=group.template_id, LaunchTemplateData={**data, "UserData": encoded}
    )
    return read_groups(aws_port)[group.service]


def _upload(aws_port: int, bucket: str, part: PublishedPart, files: Mapping[str, str]) -> PublishedPart:
    s3 = aws.client("s3", aws_port)
    content = s3.get_object(Bucket=bucket, Key=part.key, VersionId=part.version)["Body"].read()
    with tempfile.TemporaryDirectory() as folder:
        unpacked, packed = Path(folder) / "content", Path(folder) / "packed"
        with tarfile.open(fileobj=io.BytesIO(content)) as opened:
            opened.extractall(unpacked, filter="data")
        for path, text in files.items():
            (unpacked / path).parent.mkdir(parents=True, exist_ok=True)
            (unpacked / path).write_text(text)
        sha256 = archive.pack({"": unpacked}, packed)
        answer = s3.put_object(Bucket=bucket, Key=part.key, Body=packed.read_bytes())
    return PublishedPart(key=part.key, version=answer["VersionId"], sha256=sha256)
