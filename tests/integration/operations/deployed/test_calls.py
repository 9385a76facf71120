"""Errors of AWS calls are readable."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from operations.deployed.calls import readable_aws_errors
from workspace.errors import UserError


def client_error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeAlarms")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NoCredentialsError(), "No AWS credentials were found. Sign in again"),
        (client_error("ExpiredToken"), "AWS rejects the credentials (ExpiredToken). Sign in again"),
        (client_error("AccessDenied"), "The credentials have no permission for DescribeAlarms. Grant it, or choose"),
        (client_error("Throttling", "Rate exceeded"), "AWS rejects DescribeAlarms: Rate exceeded"),
        (client_error("Odd"), "AWS rejects DescribeAlarms: Odd"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "AWS does not respond: Could not connect"),
    ],
)
def test_aws_error_becomes_a_user_error(error: Exception, message: str) -> None:
    with pytest.raises(UserError) as caught, readable_aws_errors():
        raise error
    assert caught.value.message.startswith(message)


def test_other_exceptions_are_not_translated() -> None:
    with pytest.raises(KeyError), readable_aws_errors():
        raise KeyError("it")
