"""Checks of the credentials and the region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from operations.doctor.findings import DoctorFinding, ok, problem, warning

Client = Callable[[str], Any]
"""Creates a boto3 client for a service."""

_SIGN_IN = "Run aws configure or aws sso login, or choose a profile with AWS_PROFILE"


@dataclass(frozen=True)
class CallerIdentity:
    """Account number and ARN of the credentials."""

    account: str
    arn: str


def check_credentials(client: Client) -> tuple[DoctorFinding, CallerIdentity | None]:
    """Ask AWS for the identity of the credentials.

    Args:
        client: Creates clients for the target account.
    """
    try:
        identity = client("sts").get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError):
        return problem("Credentials", "none found", _SIGN_IN), None
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return problem("Credentials", f"AWS rejects them ({code})", _SIGN_IN), None
    except BotoCoreError as error:
        # Such as an unknown profile, an expired token or an unreachable endpoint.
        fix = f"{_SIGN_IN}; check the connection to AWS and AWS_ENDPOINT_URL"
        return problem("Credentials", f"they cannot be checked: {error}", fix), None
    caller = CallerIdentity(identity["Account"], identity["Arn"])
    return ok("Credentials", f"account {caller.account}, {caller.arn}"), caller


def check_region(client: Client, name: str) -> DoctorFinding:
    """Check that the region exists and is enabled in the account.

    Args:
        client: Creates clients for the target account.
        name: Region, such as us-east-1.
    """
    try:
        regions = client("ec2").describe_regions(AllRegions=True)["Regions"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return warning("Region", f"{name} cannot be checked ({code})", "Grant ec2:DescribeRegions")
    except BotoCoreError as error:
        return problem("Region", f"{name} does not respond: {error}", "Choose another region in aws_region")
    opt_in = {region["RegionName"]: region.get("OptInStatus", "opt-in-not-required") for region in regions}
    if name not in opt_in:
        return problem("Region", f"{name} does not exist", "Choose another region in aws_region")
    if opt_in[name] == "not-opted-in":
        return problem("Region", f"{name} is not enabled", "Enable it in the account's settings, or change aws_region")
    return ok("Region", name)
