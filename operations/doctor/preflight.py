"""What every deployment looks at first: in a second or two, and with nothing but the credentials."""

from __future__ import annotations

from dataclasses import dataclass

from operations.deploy.target import Target
from operations.doctor import account, backend
from operations.doctor.account import CallerIdentity
from operations.doctor.findings import DoctorFinding
from stacks.release_artifacts import PROJECT


@dataclass(frozen=True)
class Quick:
    """What was found, and whose the credentials are, when AWS takes them."""

    findings: list[DoctorFinding]
    caller: CallerIdentity | None


def look(target: Target) -> Quick:
    """Look at credentials, region and state.

    Args:
        target: where it would be deployed.
    """
    finding, caller = account.credentials(target.client)
    findings = [finding]
    settings = target.settings
    if caller is not None:
        findings.append(account.region(target.client, settings.aws_region))
    if settings.state_backend == "local":
        folder = PROJECT / settings.state_directory / settings.environment_name
        findings += backend.local(folder, shared=not settings.embedded)
    elif caller is not None:
        prefix = f"{settings.environment_name}/"
        findings += backend.s3(target.client("s3"), settings.state_bucket, prefix)
    return Quick(findings, caller)
