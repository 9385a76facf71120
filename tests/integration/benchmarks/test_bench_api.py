"""`./anb bench api` on a small contest: every figure is there, and nothing was refused."""

from __future__ import annotations

import re

import pytest
from rich.console import Console

from benchmarks.load import report


@pytest.fixture(scope="module")
def text() -> str:
    return report.run(Console(stderr=True), scale=0.005, seconds=0.5, rounds=1)


def test_it_says_what_it_measured_on_what(text: str) -> None:
    assert text.startswith("500 videos, 1,000 people, 5,000 votes. PostgreSQL 16 with fsync on")


def test_every_goal_is_told_with_what_was_found(text: str) -> None:
    rows = [row for row in text.splitlines() if row.endswith((" yes |", " no |"))]
    assert len(rows) == 5
    assert all(re.search(r"\d", row.split("|")[2]) for row in rows)


@pytest.mark.parametrize("part", ["Votes", "Votes beside viewers", "Rankings and gallery", "Sign-ins", "Uploads"])
def test_every_part_has_its_table(text: str, part: str) -> None:
    section = text.split(f"## {part}\n")[1].split("\n## ")[0]
    figures = [row for row in section.splitlines() if re.search(r"\|.*\d.*\|", row)]
    assert figures, section


def test_no_vote_and_no_sign_in_was_refused(text: str) -> None:
    assert re.search(r"[1-9]\d* votes were confirmed over HTTP, 0 answered otherwise", text)
    assert "8 connections; 0 were refused." in text


def test_it_says_what_a_vote_costs_each_and_what_the_machine_could_do_at_most(text: str) -> None:
    costs = text.split("| Processor time of a vote, µs: ")[1].splitlines()[2].strip("| ").split(" | ")
    portal, database, client, bare, of_bare = (int(cost.replace(",", "")) for cost in costs)
    assert portal > bare > 0
    assert database > 0
    assert client > 0
    assert of_bare > 0
    assert re.search(r"a vote would take [\d,]+ µs beside [\d,]+ µs of a bare answer: at most [\d.]+ of its rate", text)
