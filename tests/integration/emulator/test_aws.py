"""The AWS emulator serves SDKs that are configured by environment variables only."""

from __future__ import annotations

import json
import os

import boto3

from emulator import aws, resources
from stacks.settings.model import Settings


def test_client_without_arguments_uses_the_emulator(media_bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=media_bucket, Key="uploads/a", Body=b"1")
    assert boto3.client("s3").get_object(Bucket=media_bucket, Key="uploads/a")["Body"].read() == b"1"


def test_cors_permits_uploads_from_any_origin(media_bucket: str) -> None:
    rule = boto3.client("s3").get_bucket_cors(Bucket=media_bucket)["CORSRules"][0]
    assert rule["AllowedOrigins"] == ["*"]
    assert "PUT" in rule["AllowedMethods"]
    assert rule["ExposeHeaders"] == ["ETag"]


def test_queue_has_a_dead_letter_queue(queue_url: str) -> None:
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    policy = json.loads(attributes["RedrivePolicy"])
    assert policy["deadLetterTargetArn"].endswith("-dlq")
    assert int(policy["maxReceiveCount"]) == 3
    assert attributes["VisibilityTimeout"] == "30"


def test_default_max_receives_is_that_of_the_stacks(aws_port: int) -> None:
    sqs = aws.client("sqs", aws_port)
    url = resources.create_queue(sqs, "received-often", visibility_seconds=30)
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["RedrivePolicy"])
    assert int(policy["maxReceiveCount"]) == Settings().max_receive_count


def test_secret_is_read_by_its_arn(aws_endpoint: str, aws_port: int) -> None:
    arn = resources.create_secret(aws.client("secretsmanager", aws_port), "some/secret", "value")
    assert boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == "value"


def test_aws_configuration_of_the_user_is_ignored() -> None:
    variables = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "HOME": "/home/someone"}
    assert aws.without_aws(variables) == {"HOME": "/home/someone"}
    ours = aws.client_variables(4566)
    assert ours["AWS_CONFIG_FILE"] == ours["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert ours["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
