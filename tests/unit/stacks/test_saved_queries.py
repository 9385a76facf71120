"""The saved queries: syntax, log groups and documentation.

The services' tests check that the services log the fields.
"""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest

from constructs_lib.testing import Template
from stacks.log_queries import log_queries
from stacks.observability import CUSTOM_METRICS
from tests.log_query_words import events, fields

App = dict[str, Template]
ROOT = pathlib.Path(__file__).resolve().parents[3]
QUERIES = {each.name: each for each in log_queries(portal="/portal", worker="/worker")}
COMMANDS = {"fields", "filter", "stats", "sort", "limit"}


def saved_queries(app: App) -> dict[str, dict[str, Any]]:
    queries = app["observability"].resources("aws_cloudwatch_query_definition").values()
    return {query["name"]: query for query in queries}


def test_queries_use_the_environment_folder_and_existing_logs(production: App) -> None:
    log_groups = {
        each["name"] for stack in production.values() for each in stack.resources("aws_cloudwatch_log_group").values()
    }

    assert set(saved_queries(production)) == {f"anb-production/{name}" for name in QUERIES}
    assert {group for each in saved_queries(production).values() for group in each["log_group_names"]} == {
        "/anb/anb-production/portal",
        "/anb/anb-production/worker",
    }
    assert {group for each in saved_queries(production).values() for group in each["log_group_names"]} <= log_groups


def test_telemetry_page_lists_the_queries() -> None:
    (listed,) = re.findall(r"^\*\*Saved queries\*\*.*$", (ROOT / "docs/telemetry.md").read_text(), re.MULTILINE)
    named, _, _ = listed.partition("The tests hold")

    assert re.findall(r"`([a-z-]+)`", named) == list(QUERIES)


def test_telemetry_page_lists_every_custom_metric() -> None:
    sources = [ROOT / "services" / name for name in ("portal/metrics.py", "worker/job.py", "worker/__main__.py")]
    units = {"Count", "Percent", "Seconds"}
    named = {name for file in sources for name in re.findall(r'"([A-Z][a-z]+[A-Za-z]+)"', file.read_text())} - units
    rows = re.findall(r"^\| (?:portal|worker) \| .*$", (ROOT / "docs/telemetry.md").read_text(), re.MULTILINE)

    assert {name for row in rows for name in re.findall(r"`([A-Z]\w+)`", row)} == named
    assert len(named) == CUSTOM_METRICS


def test_emulator_has_no_saved_queries(embedded: App) -> None:
    assert saved_queries(embedded) == {}


@pytest.mark.parametrize("name", QUERIES)
def test_each_query_starts_with_a_filter(name: str) -> None:
    commands = [line.strip().split()[0] for line in re.split(r"^\s*\|", QUERIES[name].query, flags=re.MULTILINE)]

    assert commands[0] == "filter"
    assert set(commands) <= COMMANDS


def test_boot_query_matches_the_boot_log() -> None:
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
def test_events_and_fields_of_a_query(query: str, expected_events: set[str], expected_fields: set[str]) -> None:
    assert (events(query), fields(query)) == (expected_events, expected_fields)
