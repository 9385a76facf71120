"""The AWS emulator serves SDKs that are configured by environment variables only."""

from __future__ import annotations

import json
import os

import boto3
import pytest
from botocore.exceptions import ClientError

from constructs_lib import Bucket
from constructs_lib.foundation.cdk import TerraformStack
from constructs_lib.testing import synth
from emulator import aws, resources
from stacks.settings.model import Settings


def test_client_without_arguments_uses_the_emulator(media_bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=media_bucket, Key="uploads/a", Body=b"1")
    assert boto3.client("s3").get_object(Bucket=media_bucket, Key="uploads/a")["Body"].read() == b"1"


def test_bucket_has_the_same_cors_rule_as_in_the_stacks(aws_port: int) -> None:
    s3, origin = aws.client("s3", aws_port), "http://127.0.0.1:8080"
    resources.create_bucket(s3, "uploaded-to", upload_origins=[origin])
    (rule,) = s3.get_bucket_cors(Bucket="uploaded-to")["CORSRules"]

    def build(stack: TerraformStack) -> None:
        Bucket(stack, "media", name="shop-media").allow_uploads_from([origin])

    (deployed,) = synth(build).one("aws_s3_bucket_cors_configuration")["cors_rule"]
    assert rule == {
        "AllowedOrigins": deployed["allowed_origins"],
        "AllowedMethods": deployed["allowed_methods"],
        "AllowedHeaders": deployed["allowed_headers"],
        "ExposeHeaders": deployed["expose_headers"],
    }


def test_bucket_allows_no_uploads_by_default(media_bucket: str, aws_port: int) -> None:
    with pytest.raises(ClientError, match="NoSuchCORSConfiguration"):
        aws.client("s3", aws_port).get_bucket_cors(Bucket=media_bucket)


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
