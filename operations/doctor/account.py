"""Checks of the credentials, the region and the account's plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from operations.doctor.findings import DoctorFinding, ok, problem, warning
from stacks.settings.model import Settings

Client = Callable[[str], Any]
"""Creates a boto3 client for a service."""

FREE_PLAN_BACKUP_DAYS = 1
"""Longest retention of database backups that RDS accepts from accounts on AWS's free plan, as users report it:
https://github.com/yc-software/qm/issues/352"""

FREE_PLAN_DATABASE_SIZE = ".micro"
"""Only size of database classes that RDS accepts from accounts on AWS's free plan; source as above."""

_PLAN = "Account plan"
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


def check_plan(client: Client, settings: Settings) -> DoctorFinding:
    """Check that the account's plan allows the settings.

    Accounts on AWS's free plan, those opened after July 2025 that were not upgraded, are refused while the database
    or the instances are created: ``FreeTierRestrictionError``, "not eligible for Free Tier".
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html

    Args:
        client: Creates clients for the target account.
        settings: The settings.
    """
    try:
        plan = client("freetier").get_account_plan_state()["accountPlanType"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ResourceNotFoundException":
            return ok(_PLAN, "older than the free plan")
        return warning(_PLAN, f"it cannot be checked ({code})", "Grant freetier:GetAccountPlanState")
    except BotoCoreError as error:
        return warning(_PLAN, f"it cannot be checked: {error}", "Check the connection to AWS")
    if plan != "FREE":
        return ok(_PLAN, "paid")
    refused = [*_refused_database(settings), *_refused_instances(client, settings)]
    if not refused:
        return ok(_PLAN, "free, which allows these settings")
    fix = "Upgrade the account to the paid plan, or change these settings; docs/deploy.md shows which work"
    return problem(_PLAN, f"AWS's free plan does not allow {', '.join(refused)}", fix)


def _refused_database(settings: Settings) -> Iterator[str]:
    if settings.backup_retention_period > FREE_PLAN_BACKUP_DAYS:
        yield f"backup_retention_period {settings.backup_retention_period} (at most {FREE_PLAN_BACKUP_DAYS})"
    if not settings.db_instance_class.endswith(FREE_PLAN_DATABASE_SIZE):
        yield f"db_instance_class {settings.db_instance_class} (only {FREE_PLAN_DATABASE_SIZE.removeprefix('.')})"


def _refused_instances(client: Client, settings: Settings) -> Iterator[str]:
    chosen = {"api_instance_type": settings.api_instance_type, "worker_instance_type": settings.worker_instance_type}
    try:
        types = client("ec2").describe_instance_types(InstanceTypes=sorted({*chosen.values()}))["InstanceTypes"]
    except (ClientError, BotoCoreError):
        # EC2 refuses them with a clear error.
        return
    eligible = {each["InstanceType"] for each in types if each.get("FreeTierEligible")}
    yield from (f"{setting} {kind}" for setting, kind in chosen.items() if kind not in eligible)
