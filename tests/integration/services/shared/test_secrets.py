"""Secrets: cached, and read again on request."""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import ClientError

from emulator import aws, resources
from services.shared.aws import aws_client
from services.shared.secrets import SecretStore


@pytest.fixture
def arn(aws_endpoint: str, aws_port: int) -> str:
    return resources.create_secret(aws.client("secretsmanager", aws_port), uuid.uuid4().hex, "first")


def test_secret_is_cached_until_read_fresh(arn: str, aws_port: int) -> None:
    store = SecretStore(aws_client("secretsmanager", aws.REGION))
    assert store.read(arn) == "first"
    aws.client("secretsmanager", aws_port).put_secret_value(SecretId=arn, SecretString="second")
    assert store.read(arn) == "first"
    assert store.read(arn, fresh=True) == "second"
    assert store.read(arn) == "second"


def test_missing_secret_raises(aws_endpoint: str) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        SecretStore(aws_client("secretsmanager", aws.REGION)).read("nothing")
