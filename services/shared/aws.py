"""AWS clients with bounded waits: no call may hang a request or a worker."""

from __future__ import annotations

from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

AWS_ERRORS = (BotoCoreError, ClientError, Boto3Error)
"""What a call of AWS raises when it was refused or not answered."""


def aws_client(service: str, region: str, *, read_timeout: int = 10) -> Any:
    """A client of one AWS service, with short timeouts and standard retries.

    Args:
        service: AWS's name of the service, such as ``sqs``.
        region: AWS region.
        read_timeout: seconds to wait for an answer; long polls need more than the 20 s SQS may hold them.
    """
    config = Config(
        connect_timeout=3,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": 3},
        signature_version="s3v4" if service == "s3" else None,
    )
    return boto3.client(service, region_name=region, config=config)
