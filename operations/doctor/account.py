"""Whose the credentials are, and whether the account has the region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from operations.doctor.findings import DoctorFinding, ok, problem, warning

Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""

_SIGN_IN = "Run aws configure or aws sso login, or choose a profile with AWS_PROFILE"


@dataclass(frozen=True)
class CallerIdentity:
    """Whose the credentials are."""

    account: str
    arn: str


def credentials(client: Client) -> tuple[DoctorFinding, CallerIdentity | None]:
    """Ask AWS whose the credentials are.

    Args:
        client: of where it would be deployed.
    """
    try:
        told = client("sts").get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError):
        return problem("Credentials", "there are none", _SIGN_IN), None
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return problem("Credentials", f"AWS refuses them ({code})", _SIGN_IN), None
    except BotoCoreError as error:
        # A profile that is not there, a token that has run out, an address nobody answers at.
        mend = f"{_SIGN_IN}; look at the way to AWS and at AWS_ENDPOINT_URL"
        return problem("Credentials", f"they cannot be tried: {error}", mend), None
    caller = CallerIdentity(told["Account"], told["Arn"])
    return ok("Credentials", f"account {caller.account}, {caller.arn}"), caller


def region(client: Client, name: str) -> DoctorFinding:
    """Whether the account has the region.

    Args:
        client: of where it would be deployed.
        name: such as us-east-1.
    """
    try:
        found = client("ec2").describe_regions(AllRegions=True)["Regions"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return warning("Region", f"{name}; the credentials may not ask about it ({code})", "Allow ec2:DescribeRegions")
    except BotoCoreError as error:
        return problem("Region", f"{name} does not answer: {error}", "Choose another with the setting aws_region")
    named = {each["RegionName"]: each.get("OptInStatus", "opt-in-not-required") for each in found}
    if name not in named:
        return problem("Region", f"AWS has no {name}", "Choose another with the setting aws_region")
    if named[name] == "not-opted-in":
        return problem("Region", f"{name} is not enabled", "Enable it in the account's settings, or choose aws_region")
    return ok("Region", name)
