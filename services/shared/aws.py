"""AWS clients with short timeouts, so that no call blocks a request or a worker."""

from __future__ import annotations

from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

AWS_ERRORS = (BotoCoreError, ClientError, Boto3Error)
"""Exceptions of an AWS call that was rejected or not answered."""


def aws_client(service: str, region: str, *, read_timeout: int = 10) -> Any:
    """Create a client of an AWS service, with short timeouts and standard retries.

    Args:
        service: boto3 name of the service, such as ``sqs``.
        region: AWS region. S3 links have the regional host of the bucket: the global host redirects for hours after a
            bucket's creation, and never serves the regions opened since 2019.
            https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
        read_timeout: Read timeout, in seconds. Must be longer than a long poll, which is at most 20 s. Default: 10.
    """
    config = Config(
        connect_timeout=3,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": 3},
        signature_version="s3v4" if service == "s3" else None,
        # An endpoint with an IP address, as of the AWS emulator, gets path-style links anyway.
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"} if service == "s3" else None,
    )
    return boto3.client(service, region_name=region, config=config)
