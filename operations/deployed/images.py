"""Age of the images that instances run, and whether Debian has published a newer one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

Client = Callable[[str], Any]
"""Creates a boto3 client for a service."""


@dataclass(frozen=True, kw_only=True)
class RunningTemplate:
    """The versions of a launch template that a group's instances run.

    Args:
        group: Name of the Auto Scaling group.
        template: Id of the launch template.
        versions: Versions of the instances.
    """

    group: str
    template: str
    versions: Collection[str]


def describe_images(running: Collection[RunningTemplate], ami_id: str, client: Client, now: datetime) -> Iterator[str]:
    """Describe the image of each group, and a newer one if the setting names a public parameter.

    A failed call is described, too, because the rest of the status does not need the images.

    Args:
        running: Templates of the running instances.
        ami_id: The setting: an image, or the parameter of the latest one.
        client: Creates clients for the target account.
        now: Current time.
    """
    try:
        yield from _describe(running, ami_id, client, now)
    except ClientError as error:
        yield f"Images: {error.operation_name} failed with {error.response['Error']['Code']}"


def _describe(running: Collection[RunningTemplate], ami_id: str, client: Client, now: datetime) -> Iterator[str]:
    ec2 = client("ec2")
    latest = client("ssm").get_parameter(Name=ami_id)["Parameter"]["Value"] if ami_id.startswith("/") else ""
    images = {part.group: _images_of(ec2, part) for part in running if part.versions}
    ids = sorted({latest, *(image for used in images.values() for image in used)} - {""})
    # A filter, because an id of an image that no longer exists is an error.
    filters = [{"Name": "image-id", "Values": ids}]
    details = {each["ImageId"]: each for each in ec2.describe_images(Filters=filters, IncludeDeprecated=True)["Images"]}
    for group, used in images.items():
        text = ", ".join(_describe_image(image, details, now) for image in used)
        outdated = latest and latest in details and set(used) != {latest}
        newer = f"; {_describe_image(latest, details, now)} is newer, ./anb deploy installs it" if outdated else ""
        yield f"Image of {group}: {text}{newer}"


def _images_of(ec2: Any, part: RunningTemplate) -> list[str]:
    pages = ec2.get_paginator("describe_launch_template_versions").paginate(
        LaunchTemplateId=part.template, Versions=sorted(part.versions)
    )
    versions = [version for page in pages for version in page["LaunchTemplateVersions"]]
    return sorted({version["LaunchTemplateData"]["ImageId"] for version in versions})


def _describe_image(image: str, details: Mapping[str, Mapping[str, Any]], now: datetime) -> str:
    if image not in details:
        return f"{image}, no longer available"
    created = datetime.fromisoformat(details[image]["CreationDate"]).astimezone(UTC)
    return f"{image} of {created:%Y-%m-%d} ({(now - created).days} days old)"
