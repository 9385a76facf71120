"""`anb status` of the images: their age, and a newer one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from emulator import aws
from operations.deployed.images import RunningTemplate, describe_images

NOW = datetime(2026, 12, 1, tzinfo=UTC)
AMI = "ami-04681a1dbd79675a5"


@pytest.fixture
def client(aws_port: int) -> Callable[[str], Any]:
    return lambda service: aws.client(service, aws_port)


@pytest.fixture
def running(client: Callable[[str], Any]) -> Iterator[list[RunningTemplate]]:
    """A group whose instances run the first version of a launch template."""
    ec2, name = client("ec2"), f"images-{uuid.uuid4().hex[:8]}"
    data = {"ImageId": AMI, "InstanceType": "t3.small"}
    template = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)["LaunchTemplate"]
    yield [RunningTemplate(group="anb-api", template=template["LaunchTemplateId"], versions={"1"})]
    ec2.delete_launch_template(LaunchTemplateName=name)


@pytest.fixture
def parameter(client: Callable[[str], Any]) -> Iterator[Callable[[str], str]]:
    """Set a parameter with the latest image."""
    name = f"/images/{uuid.uuid4().hex[:8]}"

    def put(image: str) -> str:
        client("ssm").put_parameter(Name=name, Value=image, Type="String", Overwrite=True)
        return name

    yield put
    client("ssm").delete_parameter(Name=name)


def lines(running: list[RunningTemplate], ami_id: str, client: Callable[[str], Any]) -> list[str]:
    return list(describe_images(running, ami_id, client, NOW))


def described(image: str, client: Callable[[str], Any]) -> str:
    (details,) = client("ec2").describe_images(ImageIds=[image])["Images"]
    created = datetime.fromisoformat(details["CreationDate"]).astimezone(UTC)
    return f"{image} of {created:%Y-%m-%d} ({(NOW - created).days} days old)"


def test_pinned_image_has_an_age(running: list[RunningTemplate], client: Callable[[str], Any]) -> None:
    assert lines(running, AMI, client) == [f"Image of anb-api: {described(AMI, client)}"]


def test_latest_image_is_not_reported_as_newer(
    running: list[RunningTemplate], client: Callable[[str], Any], parameter: Callable[[str], str]
) -> None:
    assert lines(running, parameter(AMI), client) == [f"Image of anb-api: {described(AMI, client)}"]


def test_newer_image_is_reported_with_the_command(
    running: list[RunningTemplate], client: Callable[[str], Any], parameter: Callable[[str], str]
) -> None:
    other = next(image["ImageId"] for image in client("ec2").describe_images()["Images"] if image["ImageId"] != AMI)

    assert lines(running, parameter(other), client) == [
        f"Image of anb-api: {described(AMI, client)}; {described(other, client)} is newer, ./anb deploy installs it"
    ]


def test_group_without_instances_has_no_image(running: list[RunningTemplate], client: Callable[[str], Any]) -> None:
    empty = RunningTemplate(group="anb-api", template=running[0].template, versions=())

    assert lines([empty], AMI, client) == []


def test_missing_permission_is_shown(running: list[RunningTemplate]) -> None:
    ssm = boto3.client("ssm", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(ssm) as stub:
        stub.add_client_error("get_parameter", "AccessDeniedException")
        shown = lines(running, "/aws/service/debian/release/13/latest/amd64", lambda service: ssm)

    assert shown == ["Images: GetParameter failed with AccessDeniedException"]
