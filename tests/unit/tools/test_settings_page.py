"""``docs/settings.md`` matches the code."""

from __future__ import annotations

import pytest

from stacks.settings.model import BY_PROFILE, REMOVED_SETTINGS, Settings
from tools import settings_page

PAGE = settings_page.page()


def row(name: str) -> str:
    (found,) = [line for line in PAGE.partition("\n## Defaults")[0].splitlines() if line.startswith(f"| `{name}` |")]
    return found


def test_the_page_is_up_to_date() -> None:
    assert settings_page.FILE.read_text() == PAGE, "generate it again: .venv/bin/python -m tools.settings_page"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_a_row_with_its_description(name: str) -> None:
    assert (Settings.model_fields[name].description or "") in row(name).replace("`", "")


def test_code_is_formatted_as_code() -> None:
    assert "so that `<name>-alb` fits in 32 and `<name>-videos-<account>-<region>` in 63" in row("environment_name")
    assert "or none and `interface_endpoints` for every service they call" in row("nat")
    assert "folder of the release that `./anb release` built" in row("release_directory")


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("api_max_size", "| maximum number of portal instances | whole number | `3` | a whole number from 1 to 10 |"),
        ("state_backend", '| text | `"local"` | one of local, s3 |'),
        ("revoke_bearer_on_logout", "| true or false | `false` | true or false |"),
        ("hosted_zone_id", '| text | `""` | text matching `^$\\|^Z[A-Z0-9]+$`, at most 32 characters |'),
        ("interface_endpoints", "| list | `[]` | a list of autoscaling, logs, secretsmanager, sqs, ssm, ssmmessages |"),
        ("portal_origins", "| list | `[]` | a list of origins such as `https://anb.example` |"),
        ("multi_az", "| true or false | [the profile's](#defaults-of-the-profiles) | true or false |"),
    ],
)
def test_row_has_type_default_and_allowed_values(name: str, cells: str) -> None:
    assert row(name).endswith(cells)


def test_page_lists_profile_defaults_and_removed_settings() -> None:
    profiles = PAGE.partition("\n## Defaults")[2]

    assert '| `nat` | `"single"` |' in profiles or '| `nat` | `"none"` |' in profiles
    assert "| Setting | development | staging | production |" in profiles
    assert all(f"\n| `{name}` | " in profiles for name in [*BY_PROFILE, *REMOVED_SETTINGS])
