"""The saved queries: what they ask, of which logs, and where the documents name them.

That the services write what they ask for is tested beside the services.
"""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest

from constructs_lib.testing import Template
from stacks.log_queries import log_queries
from tests.log_query_words import events, fields

App = dict[str, Template]
ROOT = pathlib.Path(__file__).resolve().parents[3]
QUERIES = {each.name: each for each in log_queries(portal="/portal", worker="/worker")}
COMMANDS = {"fields", "filter", "stats", "sort", "limit"}


def saved(app: App) -> dict[str, dict[str, Any]]:
    found = app["observability"].resources("aws_cloudwatch_query_definition").values()
    return {each["name"]: each for each in found}


def test_they_lie_in_the_environment_s_folder_and_ask_logs_that_are_made(production: App) -> None:
    made = {
        each["name"] for stack in production.values() for each in stack.resources("aws_cloudwatch_log_group").values()
    }

    assert set(saved(production)) == {f"anb-production/{name}" for name in QUERIES}
    assert {group for each in saved(production).values() for group in each["log_group_names"]} == {
        "/anb/anb-production/portal",
        "/anb/anb-production/worker",
    }
    assert {group for each in saved(production).values() for group in each["log_group_names"]} <= made


def test_the_documents_name_them() -> None:
    (listed,) = re.findall(r"^\*\*Saved queries\*\*.*$", (ROOT / "docs/telemetry.md").read_text(), re.MULTILINE)
    named, _, _ = listed.partition("The tests hold")

    assert re.findall(r"`([a-z-]+)`", named) == list(QUERIES)


def test_the_emulator_saves_none(embedded: App) -> None:
    assert saved(embedded) == {}


@pytest.mark.parametrize("name", QUERIES)
def test_each_begins_with_what_it_picks_and_goes_on_with_commands(name: str) -> None:
    commands = [line.strip().split()[0] for line in re.split(r"^\s*\|", QUERIES[name].query, flags=re.MULTILINE)]

    assert commands[0] == "filter"
    assert set(commands) <= COMMANDS


def test_what_a_boot_says_is_what_is_looked_for() -> None:
    boot = (ROOT / "constructs_lib/compute/user_data_files/boot.sh").read_text()
    ship = (ROOT / "constructs_lib/compute/user_data_files/instance.sh").read_text()

    assert '"$name is ready: ' in boot and '"$name failed to boot: ' in boot
    assert 'stream="boot/$(about instance-id)"' in ship
    assert "is ready: |failed to boot: " in QUERIES["boots"].query


@pytest.mark.parametrize(
    ("query", "expected_events", "expected_fields"),
    [
        ('filter event = "a" and ms > 5 | stats count(*) as n by route', {"a"}, {"event", "ms", "route"}),
        ('filter event in ["a", "b c"] | sort @timestamp desc', {"a", "b c"}, {"event"}),
        (r"filter route like /^boot\// | stats pct(ms, 95) as p by bin(5m)", set(), {"route", "ms"}),
    ],
)
def test_what_a_query_speaks_of(query: str, expected_events: set[str], expected_fields: set[str]) -> None:
    assert (events(query), fields(query)) == (expected_events, expected_fields)
