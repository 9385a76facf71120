"""The settings that an operator is likely to have meant otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from operations.doctor.findings import DoctorFinding, ok, problem, warning
from stacks.release_artifacts import find_software
from stacks.settings.loader import SettingsError
from stacks.settings.model import Settings

_ABOUT = "Settings"


def choices(environment: str, settings: Settings) -> Iterator[DoctorFinding]:
    """What the settings say, and what is missing for people on the internet.

    Args:
        environment: name of its file.
        settings: of it.
    """
    yield ok(
        _ABOUT,
        f"environments/{environment}.toml: {settings.environment_name}, profile {settings.profile}, "
        f"{settings.api_min_size} to {settings.api_max_size} portals, "
        f"{settings.worker_min_size} to {settings.worker_max_size} workers, {settings.db_instance_class}",
    )
    if settings.embedded:
        return
    if not settings.https:
        mend = "Set domain_name and hosted_zone_id, or certificate_arn"
        yield warning(_ABOUT, "the site speaks plain HTTP, so passwords can be read on the way", mend)
    if not settings.alarm_email:
        yield warning(_ABOUT, "nobody is told of alarms", "Set alarm_email")
    if settings.profile == "production" and not settings.protect_data:
        yield warning(_ABOUT, "production can be destroyed with its data", "Set protect_data = true")


def release(settings: Settings) -> DoctorFinding:
    """Whether what the instances run is built."""
    try:
        return ok("Release", str(find_software(settings)))
    except SettingsError as trouble:
        (wrong,) = trouble.problems
        return problem("Release", f"{wrong.value}: {wrong.detail}", "Run ./anb release")
