"""Profiles: safety settings of environments, with a reason for each weaker setting."""

from __future__ import annotations

import dataclasses

import pytest

from constructs_lib.governance.profiles import DEVELOPMENT, PRODUCTION, PROFILES, SETTINGS, STAGING, Profile


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_only_weaker_settings_have_reasons(profile: Profile) -> None:
    assert set(profile.reasons) == set(profile.weaker())
    assert all(profile.waiver_reason(setting) for setting in profile.weaker())


def test_production_has_no_weaker_setting() -> None:
    assert PRODUCTION.weaker() == []
    assert [PRODUCTION.waiver_reason(setting) for setting in SETTINGS] == [None] * len(SETTINGS)
    assert PRODUCTION.differences() == ""


def test_staging_is_no_weaker_than_development() -> None:
    assert set(STAGING.weaker()) <= set(DEVELOPMENT.weaker())
    assert STAGING.protect


def test_stronger_setting_is_no_difference() -> None:
    assert dataclasses.replace(PRODUCTION, backup_days=35).weaker() == []


def test_differences_include_reasons() -> None:
    assert STAGING.differences().splitlines() == [
        "Weaker than production:",
        "  nat single, production per_zone (staging: a rehearsal may lose a zone)",
        "  multi_az off, production on (staging: a rehearsal may wait for its database to be restored)",
        "  backup_days 7, production 14 (staging: a rehearsal's data is a copy)",
        "  log_days 30, production 365 (staging: a rehearsal's logs are read within weeks)",
        "  flow_log_days 30, production 365 (staging: a rehearsal's traffic is its own)",
    ]


def test_weaker_setting_without_reason_is_an_error() -> None:
    message = (
        r"profile demo: multi_az is False; must be production's True, or have a reason\. Fix: "
        r"add reasons=\{'multi_az': "
    )
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(PRODUCTION, name="demo", multi_az=False).waiver_reason("multi_az")
