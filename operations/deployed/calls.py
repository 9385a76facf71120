"""Shared options of the commands, and readable errors for failed AWS calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from operations.deploy.target import AWS, LOCAL
from workspace.errors import UserError

_SIGN_IN = "Sign in again (aws configure, aws sso login) or choose others with AWS_PROFILE"
_CREDENTIALS = (
    "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "AuthFailure",
)
_FORBIDDEN = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options --target and --environment."""
    command = click.option("--environment", metavar="NAME", help="As for deploy.")(command)
    return click.option("--target", type=click.Choice([LOCAL, AWS]), help="As for deploy.")(command)


@contextmanager
def readable_aws_errors() -> Iterator[None]:
    """Translate errors of AWS calls in the block.

    Raises:
        UserError: AWS rejected the credentials or the call, or did not answer.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError):
        raise UserError(f"No AWS credentials were found. {_SIGN_IN}.") from None
    except ClientError as error:
        code, call = error.response["Error"]["Code"], error.operation_name
        if code in _CREDENTIALS:
            raise UserError(f"AWS rejects the credentials ({code}). {_SIGN_IN}.") from None
        if code in _FORBIDDEN:
            raise UserError(
                f"The credentials have no permission for {call}. Grant it, or choose others with AWS_PROFILE."
            ) from None
        raise UserError(f"AWS rejects {call}: {error.response['Error'].get('Message') or code}") from None
    except BotoCoreError as error:
        raise UserError(f"AWS does not respond: {error}") from None
