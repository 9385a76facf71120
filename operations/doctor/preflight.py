"""The checks before every deployment: credentials, region and state. They take a second or two."""

from __future__ import annotations

from dataclasses import dataclass

from operations.deploy.target import Target
from operations.doctor import account, backend
from operations.doctor.account import CallerIdentity
from operations.doctor.findings import DoctorFinding
from stacks.release_artifacts import PROJECT


@dataclass(frozen=True)
class PreflightResult:
    """Result of the checks.

    Args:
        findings: All findings.
        caller: Identity of the credentials; None if AWS rejects them.
    """

    findings: list[DoctorFinding]
    caller: CallerIdentity | None


def check(target: Target, *, deploying: bool = False) -> PreflightResult:
    """Check credentials, region and state.

    Args:
        target: Environment and AWS to deploy to.
        deploying: Also check that the account's plan allows the settings. Default: False.
    """
    finding, caller = account.check_credentials(target.client)
    findings = [finding]
    settings = target.settings
    if caller is not None:
        findings.append(account.check_region(target.client, settings.aws_region))
        if deploying and not settings.embedded:
            findings.append(account.check_plan(target.client, settings))
    if settings.state_backend == "local":
        folder = PROJECT / settings.state_directory / settings.environment_name
        findings += backend.check_local(folder, shared=not settings.embedded)
    elif caller is not None:
        prefix = f"{settings.environment_name}/"
        findings += backend.check_s3(target.client("s3"), settings.state_bucket, prefix)
    return PreflightResult(findings, caller)
