"""Calls of AWS on what is deployed; what it refuses is said in a sentence."""

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


def where_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which deployment."""
    command = click.option("--environment", metavar="NAME", help="As for deploy.")(command)
    return click.option("--target", type=click.Choice([LOCAL, AWS]), help="As for deploy.")(command)


@contextmanager
def answered() -> Iterator[None]:
    """Say what AWS refuses inside.

    Raises:
        UserError: it does not take the credentials, forbids the call, or does not answer.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError):
        raise UserError(f"There are no credentials for AWS. {_SIGN_IN}.") from None
    except ClientError as error:
        code, call = error.response["Error"]["Code"], error.operation_name
        if code in _CREDENTIALS:
            raise UserError(f"AWS does not take the credentials ({code}). {_SIGN_IN}.") from None
        if code in _FORBIDDEN:
            raise UserError(f"The credentials may not call {call}. Allow it, or choose others with AWS_PROFILE.") from (
                None
            )
        raise UserError(f"AWS refuses {call}: {error.response['Error'].get('Message') or code}") from None
    except BotoCoreError as error:
        raise UserError(f"AWS does not answer: {error}") from None
