"""Profiles: the safety settings of an environment, with a reason for each one that is weaker than production.

    from constructs_lib.governance.profiles import STAGING

    network = Network(self, "network", nat=STAGING.nat, ...)
    PostgresDatabase(self, "postgres", network=network, single_zone_reason=STAGING.waiver_reason("multi_az"), ...)

Create a custom profile with ``dataclasses.replace(STAGING, name="demo", nat="none", reasons={...})``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from constructs_lib.network.nat import Nat


@dataclasses.dataclass(frozen=True, kw_only=True)
class Profile:
    """Settings that trade cost for safety.

    Args:
        name: name of the profile.
        nat: NAT gateways: none, one, or one in each zone.
        multi_az: whether the database has a standby in another zone.
        backup_days: retention of the database's backups, in days.
        protect: whether databases, load balancers and non-empty buckets are protected from deletion.
        final_snapshot: whether a deleted database leaves a final snapshot and its automated backups.
        log_days: retention of programs' logs, in days.
        flow_log_days: retention of the network's flow logs, in days.
        reasons: reason for each setting that is weaker than production's, by name.
    """

    name: str
    nat: Nat
    multi_az: bool
    backup_days: int
    protect: bool
    final_snapshot: bool
    log_days: int
    flow_log_days: int
    reasons: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def weaker(self) -> list[str]:
        """Return the names of the settings that are weaker than production's."""
        return [setting for setting in SETTINGS if _strength(getattr(self, setting)) < _strength(_production(setting))]

    def waiver_reason(self, setting: str) -> str | None:
        """Return the reason why a setting is weaker than production's, or None if it is not weaker.

        Raises:
            ValueError: if the setting is weaker and has no reason.
        """
        if setting not in self.weaker():
            return None
        if not self.reasons.get(setting, "").strip():
            raise ValueError(
                f"profile {self.name}: {setting} is {getattr(self, setting)!r}; must be production's "
                f"{_production(setting)!r}, or have a reason. Fix: add reasons={{{setting!r}: 'the reason'}}."
            )
        return f"{self.name}: {self.reasons[setting]}"

    def differences(self) -> str:
        """Render the settings that are weaker than in production, with reasons; empty if there are none."""
        lines = [
            f"  {setting} {_text(getattr(self, setting))}, production {_text(_production(setting))} "
            f"({self.waiver_reason(setting)})"
            for setting in self.weaker()
        ]
        return "\n".join(["Weaker than production:", *lines]) if lines else ""


SETTINGS = tuple(field.name for field in dataclasses.fields(Profile) if field.name not in ("name", "reasons"))
"""Names of a profile's settings."""

PRODUCTION = Profile(
    name="production",
    nat="per_zone",
    multi_az=True,
    backup_days=14,
    protect=True,
    final_snapshot=True,
    # Checkov's CKV_AWS_338 and Security Hub's CloudWatch.16 require a year.
    log_days=365,
    flow_log_days=365,
)

STAGING = Profile(
    name="staging",
    nat="single",
    multi_az=False,
    backup_days=7,
    protect=True,
    final_snapshot=True,
    log_days=30,
    flow_log_days=30,
    reasons={
        "nat": "a rehearsal may lose a zone",
        "multi_az": "a rehearsal may wait for its database to be restored",
        "backup_days": "a rehearsal's data is a copy",
        "log_days": "a rehearsal's logs are read within weeks",
        "flow_log_days": "a rehearsal's traffic is its own",
    },
)

DEVELOPMENT = Profile(
    name="development",
    nat="single",
    multi_az=False,
    backup_days=1,
    protect=False,
    final_snapshot=False,
    log_days=7,
    flow_log_days=7,
    reasons={
        "nat": "an outage is acceptable when a zone is lost",
        "multi_az": "an outage is acceptable when a zone is lost",
        "backup_days": "its data can be made again",
        "protect": "it is made to be thrown away",
        "final_snapshot": "its data can be made again",
        "log_days": "its logs are read the same day",
        "flow_log_days": "it is read the same day",
    },
)

PROFILES = {profile.name: profile for profile in (DEVELOPMENT, STAGING, PRODUCTION)}
"""Profiles by name, weakest first."""


def _production(setting: str) -> Any:
    return getattr(PRODUCTION, setting)


def _strength(value: Any) -> int:
    return ("none", "single", "per_zone").index(value) if isinstance(value, str) else int(value)


def _text(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
