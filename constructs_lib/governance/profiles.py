"""Profiles: what an environment spends on safety, chosen together, each saving with its reason.

    from constructs_lib.governance.profiles import STAGING

    network = Network(self, "network", nat=STAGING.nat, ...)
    PostgresDatabase(self, "postgres", network=network, single_zone_reason=STAGING.waiver_reason("multi_az"), ...)

A team's own profile is ``dataclasses.replace(STAGING, name="demo", nat="none", reasons={...})``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from constructs_lib.network.nat import Nat


@dataclasses.dataclass(frozen=True, kw_only=True)
class Profile:
    """The choices that cost money and buy safety.

    Args:
        name: what it is called.
        nat: NAT gateways: none, one, or one in each zone.
        multi_az: whether a standby of the database waits in another zone.
        backup_days: how long the database's backups are kept.
        protect: whether databases, load balancers and filled buckets refuse to be destroyed.
        log_days: how long programs' logs are kept.
        flow_log_days: how long the network's flow logs are kept.
        reasons: why each choice that is weaker than production's is all right, by its name.
    """

    name: str
    nat: Nat
    multi_az: bool
    backup_days: int
    protect: bool
    log_days: int
    flow_log_days: int
    reasons: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def weaker(self) -> list[str]:
        """The names of the choices that are weaker than production's."""
        return [choice for choice in CHOICES if _strength(getattr(self, choice)) < _strength(_production(choice))]

    def waiver_reason(self, choice: str) -> str | None:
        """The reason a choice is weaker than production's, or nothing when it is not.

        Raises:
            ValueError: it is weaker and no reason is given.
        """
        if choice not in self.weaker():
            return None
        if not self.reasons.get(choice, "").strip():
            raise ValueError(
                f"profile {self.name}: {choice} is {getattr(self, choice)!r}; must be production's "
                f"{_production(choice)!r}, or have a reason. Fix: add reasons={{{choice!r}: 'the reason'}}."
            )
        return f"{self.name}: {self.reasons[choice]}"

    def differences(self) -> str:
        """What is weaker than in production and why, one line each; empty when nothing is."""
        lines = [
            f"  {choice} {_text(getattr(self, choice))}, production {_text(_production(choice))} "
            f"({self.waiver_reason(choice)})"
            for choice in self.weaker()
        ]
        return "\n".join(["Weaker than production:", *lines]) if lines else ""


CHOICES = tuple(field.name for field in dataclasses.fields(Profile) if field.name not in ("name", "reasons"))
"""The names of the choices of a profile."""

PRODUCTION = Profile(
    name="production",
    nat="per_zone",
    multi_az=True,
    backup_days=14,
    protect=True,
    # Checkov's CKV_AWS_338 and Security Hub's CloudWatch.16 want a year.
    log_days=365,
    flow_log_days=365,
)

STAGING = Profile(
    name="staging",
    nat="single",
    multi_az=False,
    backup_days=7,
    protect=True,
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
    log_days=7,
    flow_log_days=7,
    reasons={
        "nat": "nobody waits for it when a zone is lost",
        "multi_az": "nobody waits for it when a zone is lost",
        "backup_days": "its data can be made again",
        "protect": "it is made to be thrown away",
        "log_days": "its logs are read the same day",
        "flow_log_days": "it is read the same day",
    },
)

PROFILES = {profile.name: profile for profile in (DEVELOPMENT, STAGING, PRODUCTION)}
"""The profiles by name, the weakest first."""


def _production(choice: str) -> Any:
    return getattr(PRODUCTION, choice)


def _strength(value: Any) -> int:
    return ("none", "single", "per_zone").index(value) if isinstance(value, str) else int(value)


def _text(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
