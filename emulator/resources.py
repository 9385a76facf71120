"""The bucket, the queue and the secrets the services need, made directly instead of by Terraform.

Used by `up --no-infra` and by the tests of the services.
"""

from __future__ import annotations

import json
from typing import Any


def create_bucket(s3: Any, name: str) -> None:
    """Make the bucket of the videos, into which browsers upload directly.

    Args:
        s3: boto3 client.
        name: the bucket's name.
    """
    s3.create_bucket(Bucket=name)
    s3.put_bucket_cors(
        Bucket=name,
        CORSConfiguration={
            "CORSRules": [
                {
                    "AllowedMethods": ["GET", "HEAD", "PUT"],
                    "AllowedOrigins": ["*"],
                    "AllowedHeaders": ["*"],
                    "ExposeHeaders": ["ETag"],
                }
            ]
        },
    )


def create_queue(sqs: Any, name: str, *, visibility_seconds: int, max_receives: int = 5) -> str:
    """Make the queue of the videos to process and its dead-letter queue.

    Args:
        sqs: boto3 client.
        name: the queue's name; its dead-letter queue's has "-dlq" after it.
        visibility_seconds: how long a received message stays hidden.
        max_receives: after this many receives a message is dead; as often as the stacks' `max_receive_count` has it.

    Returns:
        The queue's URL.
    """
    dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    queue = sqs.create_queue(
        QueueName=name,
        Attributes={
            "VisibilityTimeout": str(visibility_seconds),
            "ReceiveMessageWaitTimeSeconds": "20",
            "RedrivePolicy": json.dumps(
                {"deadLetterTargetArn": attributes["QueueArn"], "maxReceiveCount": str(max_receives)}
            ),
        },
    )
    return str(queue["QueueUrl"])


def create_secret(secrets_manager: Any, name: str, value: str) -> str:
    """Make a secret.

    Returns:
        Its ARN.
    """
    return str(secrets_manager.create_secret(Name=name, SecretString=value)["ARN"])
