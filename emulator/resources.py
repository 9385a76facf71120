"""Create the bucket, queue and secrets of the services without Terraform.

Used by `up --no-infra` and by the tests of the services.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def create_bucket(s3: Any, name: str, *, upload_origins: Sequence[str] = ()) -> None:
    """Create the bucket for videos.

    Args:
        s3: boto3 client.
        name: Name of the bucket.
        upload_origins: Web origins whose pages may upload. Default: none.
    """
    s3.create_bucket(Bucket=name)
    if upload_origins:
        # The same rule as that of the stacks' bucket.
        rule = {
            "AllowedMethods": ["PUT"],
            "AllowedOrigins": list(upload_origins),
            "AllowedHeaders": ["content-type"],
            "ExposeHeaders": ["ETag"],
        }
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})


def create_queue(sqs: Any, name: str, *, visibility_seconds: int, max_receives: int = 5) -> str:
    """Create the queue of videos to process and its dead-letter queue.

    Args:
        sqs: boto3 client.
        name: Name of the queue; the dead-letter queue appends "-dlq".
        visibility_seconds: Visibility timeout in seconds.
        max_receives: Receives before a message moves to the dead-letter queue. Default: that of the stacks'
            `max_receive_count`.

    Returns:
        URL of the queue.
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
    """Create a secret.

    Returns:
        Its ARN.
    """
    return str(secrets_manager.create_secret(Name=name, SecretString=value)["ARN"])
