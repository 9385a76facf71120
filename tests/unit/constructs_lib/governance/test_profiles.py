"""Profiles: what each environment spends on safety, and the reason for each saving."""

from __future__ import annotations

import dataclasses

import pytest

from constructs_lib.governance.profiles import CHOICES, DEVELOPMENT, PRODUCTION, PROFILES, STAGING, Profile


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_each_saving_has_its_reason_and_nothing_else_has(profile: Profile) -> None:
    assert set(profile.reasons) == set(profile.weaker())
    assert all(profile.waiver_reason(choice) for choice in profile.weaker())


def test_production_saves_nothing() -> None:
    assert PRODUCTION.weaker() == []
    assert [PRODUCTION.waiver_reason(choice) for choice in CHOICES] == [None] * len(CHOICES)
    assert PRODUCTION.differences() == ""


def test_staging_is_no_weaker_than_development() -> None:
    assert set(STAGING.weaker()) <= set(DEVELOPMENT.weaker())
    assert STAGING.protect


def test_stronger_than_production_is_no_difference() -> None:
    assert dataclasses.replace(PRODUCTION, backup_days=35).weaker() == []


def test_the_differences_are_told_with_their_reasons() -> None:
    assert STAGING.differences().splitlines() == [
        "Weaker than production:",
        "  nat single, production per_zone (staging: a rehearsal may lose a zone)",
        "  multi_az off, production on (staging: a rehearsal may wait for its database to be restored)",
        "  backup_days 7, production 14 (staging: a rehearsal's data is a copy)",
        "  log_days 30, production 365 (staging: a rehearsal's logs are read within weeks)",
        "  flow_log_days 30, production 365 (staging: a rehearsal's traffic is its own)",
    ]


def test_a_saving_without_a_reason_is_refused() -> None:
    message = (
        r"profile demo: multi_az is False; must be production's True, or have a reason\. Fix: "
        r"add reasons=\{'multi_az': "
    )
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(PRODUCTION, name="demo", multi_az=False).waiver_reason("multi_az")
