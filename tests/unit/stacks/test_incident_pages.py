"""Each alarm has an incident page, and everything the pages name exists."""

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


def names_in(page: str, label: str) -> list[str]:
    """The names in a page's line of graphs or queries."""
    return [
        name
        for line in re.findall(rf"^{label}: (.*)$", PAGES[page], re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", line)
    ]


def test_alarms_and_pages_match(production: App) -> None:
    alarms = {
        each["alarm_name"].removeprefix("anb-production-")
        for stack in production.values()
        for kind in KINDS
        for each in stack.resources(kind).values()
    }

    assert set(PAGES) == alarms


def test_each_alarm_description_names_its_page(production: App) -> None:
    descriptions = {
        each["alarm_name"]: each["alarm_description"]
        for kind in KINDS
        for each in production["observability"].resources(kind).values()
    }

    assert len(descriptions) == 16
    for name, text in descriptions.items():
        assert text.endswith(f". See docs/incidents/{name.removeprefix('anb-production-')}.md")


def test_index_links_every_page() -> None:
    table = re.findall(r"^\| \[([a-z-]+)\]\(([a-z-]+)\.md\)", (FOLDER / "README.md").read_text(), re.MULTILINE)

    assert [title for title, file in table if title != file] == []
    assert sorted(file for _, file in table) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_page_has_the_required_sections(page: str) -> None:
    headings = re.findall(r"^#+ (?!AWS only).*$", PAGES[page], re.MULTILINE)

    assert headings == [f"# {page}", "## Investigate", "## Fix", "## Resolved when"]
    assert "\n**Players and voters see:** " in PAGES[page]
    assert len(PAGES[page].splitlines()) <= 40


@pytest.mark.parametrize("page", PAGES)
def test_queries_on_the_page_exist(page: str) -> None:
    assert set(names_in(page, "Saved queries")) <= QUERIES


@pytest.mark.parametrize("page", PAGES)
def test_graphs_on_the_page_are_on_the_dashboard(production: App, page: str) -> None:
    body = json.loads(production["observability"].one("aws_cloudwatch_dashboard")["dashboard_body"])
    graphs = {each["properties"]["title"].split(" (")[0] for each in body["widgets"]}

    assert names_in(page, "Graphs")
    assert set(names_in(page, "Graphs")) <= graphs


@pytest.mark.parametrize("page", PAGES)
def test_resources_in_commands_exist(production: App, page: str) -> None:
    existing = {
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
    assert set(named) <= existing


def test_every_saved_query_is_on_a_page() -> None:
    text = "".join(PAGES.values())

    used = {query for query in QUERIES if f"`{query}`" in text}
    # These answer questions that no alarm raises.
    assert QUERIES - used == {"one-request", "votes", "votes-refused", "why-videos-failed"}, QUERIES - used
