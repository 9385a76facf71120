"""What AWS refuses is one sentence."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from operations.deployed.calls import answered
from workspace.errors import UserError


def refusal(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeAlarms")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoCredentialsError(), "There are no credentials for AWS. Sign in again"),
        (refusal("ExpiredToken"), "AWS does not take the credentials (ExpiredToken). Sign in again"),
        (refusal("AccessDenied"), "The credentials may not call DescribeAlarms. Allow it, or choose others with"),
        (refusal("Throttling", "Rate exceeded"), "AWS refuses DescribeAlarms: Rate exceeded"),
        (refusal("Odd"), "AWS refuses DescribeAlarms: Odd"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "AWS does not answer: Could not connect"),
    ],
)
def test_refusals(error: Exception, sentence: str) -> None:
    with pytest.raises(UserError) as caught, answered():
        raise error
    assert caught.value.message.startswith(sentence)


def test_a_bug_stays_a_bug() -> None:
    with pytest.raises(KeyError), answered():
        raise KeyError("it")
