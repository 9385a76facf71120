"""Each alarm has a page for whoever it wakes, and what the pages name is there."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

from constructs_lib.testing import Template
from stacks.log_queries import log_queries

App = dict[str, Template]
FOLDER = pathlib.Path(__file__).resolve().parents[3] / "docs/incidents"
PAGES = {file.stem: file.read_text() for file in FOLDER.glob("*.md") if file.name != "README.md"}
KINDS = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
QUERIES = {each.name for each in log_queries(portal="/portal", worker="/worker")}


def named(page: str, what: str) -> list[str]:
    """What a page's line of graphs or queries names."""
    return [
        name
        for line in re.findall(rf"^{what}: (.*)$", PAGES[page], re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", line)
    ]


def test_each_alarm_has_a_page_and_each_page_an_alarm(production: App) -> None:
    alarms = {
        each["alarm_name"].removeprefix("anb-production-")
        for stack in production.values()
        for kind in KINDS
        for each in stack.resources(kind).values()
    }

    assert set(PAGES) == alarms


def test_whoever_is_told_reads_where_the_page_is(production: App) -> None:
    described = {
        each["alarm_name"]: each["alarm_description"]
        for kind in KINDS
        for each in production["observability"].resources(kind).values()
    }

    assert len(described) == 16
    for name, text in described.items():
        assert text.endswith(f". See docs/incidents/{name.removeprefix('anb-production-')}.md")


def test_the_table_leads_to_every_page() -> None:
    table = re.findall(r"^\| \[([a-z-]+)\]\(([a-z-]+)\.md\)", (FOLDER / "README.md").read_text(), re.MULTILINE)

    assert [title for title, file in table if title != file] == []
    assert sorted(file for _, file in table) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_what_is_seen_where_to_look_what_to_do_and_when_it_is_over(page: str) -> None:
    headings = re.findall(r"^#+ (?!AWS only).*$", PAGES[page], re.MULTILINE)

    assert headings == [f"# {page}", "## Look at", "## Do", "## Over"]
    assert "\n**Players and voters see:** " in PAGES[page]
    assert len(PAGES[page].splitlines()) <= 40


@pytest.mark.parametrize("page", PAGES)
def test_the_queries_it_names_are_saved(page: str) -> None:
    assert set(named(page, "Saved queries")) <= QUERIES


@pytest.mark.parametrize("page", PAGES)
def test_the_graphs_it_names_are_on_the_dashboard(production: App, page: str) -> None:
    body = json.loads(production["observability"].one("aws_cloudwatch_dashboard")["dashboard_body"])
    drawn = {each["properties"]["title"].split(" (")[0] for each in body["widgets"]}

    assert named(page, "Graphs")
    assert set(named(page, "Graphs")) <= drawn


@pytest.mark.parametrize("page", PAGES)
def test_what_its_commands_name_is_made(production: App, page: str) -> None:
    made = {
        str(each.get(key))
        for stack in production.values()
        for kind, key in (
            ("aws_autoscaling_group", "name"),
            ("aws_cloudwatch_log_group", "name"),
            ("aws_db_instance", "identifier"),
        )
        for each in stack.resources(kind).values()
    }
    commands = "".join(re.findall(r"^```sh\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE))
    named = re.findall(
        r"(?:group-names?|instance-identifier|source-identifier|logs tail) (\S*anb-production\S*)", commands
    )

    assert commands
    assert set(named) <= made


def test_every_saved_query_is_asked_for_somewhere() -> None:
    text = "".join(PAGES.values())

    asked = {query for query in QUERIES if f"`{query}`" in text}
    # People's own questions, which no alarm asks.
    assert QUERIES - asked == {"one-request", "votes", "votes-refused", "why-videos-failed"}, QUERIES - asked
