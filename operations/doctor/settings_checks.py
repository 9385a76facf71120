"""Checks of settings that are valid but often unintended, and of the release."""

from __future__ import annotations

from collections.abc import Iterator

from operations.doctor.findings import DoctorFinding, ok, problem, warning
from stacks.release_artifacts import find_software
from stacks.settings.loader import SettingsError
from stacks.settings.model import Settings

_SUBJECT = "Settings"


def check_settings(environment: str, settings: Settings) -> Iterator[DoctorFinding]:
    """Summarize the settings and warn about missing HTTPS, alarm address and data protection.

    Args:
        environment: Name of the settings file.
        settings: The settings.
    """
    yield ok(
        _SUBJECT,
        f"environments/{environment}.toml: {settings.environment_name}, profile {settings.profile}, "
        f"{settings.api_min_size} to {settings.api_max_size} portals, "
        f"{settings.worker_min_size} to {settings.worker_max_size} workers, {settings.db_instance_class}",
    )
    if settings.embedded:
        return
    if not _rds_is_known_in(settings.aws_region):
        message = f"the release has no certificate authority of RDS in {settings.aws_region}"
        fix = "Replace services/shared/rds_ca_bundle.pem by AWS's current file; services/shared/database.py names it"
        yield problem(_SUBJECT, message, fix)
    if not settings.https:
        fix = "Set domain_name and hosted_zone_id, or certificate_arn"
        yield warning(_SUBJECT, "the site uses plain HTTP, so passwords are sent unencrypted", fix)
    if not settings.alarm_email:
        yield warning(_SUBJECT, "alarms are not sent to any address", "Set alarm_email")
    if settings.profile == "production" and not settings.protect_data:
        yield warning(_SUBJECT, "production can be destroyed with its data", "Set protect_data = true")
    if settings.profile == "production" and not settings.final_snapshot:
        yield warning(_SUBJECT, "a destroyed database leaves no snapshot", "Set final_snapshot = true")


def check_release(settings: Settings) -> DoctorFinding:
    """Check that the release is built."""
    try:
        return ok("Release", str(find_software(settings)))
    except SettingsError as error:
        (violation,) = error.problems
        return problem("Release", f"{violation.value}: {violation.detail}", "Run ./anb release")


def _rds_is_known_in(region: str) -> bool:
    from services.shared.database import rds_certificates  # Imports SQLAlchemy, which most commands do not need.

    return bool(rds_certificates(region))
