"""`./anb bench api` with a small data set."""

from __future__ import annotations

import re

import pytest
from rich.console import Console

from benchmarks.load import report


@pytest.fixture(scope="module")
def text() -> str:
    return report.run(Console(stderr=True), scale=0.005, seconds=0.5, rounds=1)


def test_report_describes_data_and_machine(text: str) -> None:
    assert text.startswith("500 videos, 1,000 people, 5,000 votes. PostgreSQL 16 with fsync on")


def test_every_target_has_a_measured_value(text: str) -> None:
    rows = [row for row in text.splitlines() if row.endswith((" yes |", " no |"))]
    assert len(rows) == 5
    assert all(re.search(r"\d", row.split("|")[2]) for row in rows)


@pytest.mark.parametrize("part", ["Votes", "Votes beside viewers", "Rankings and gallery", "Logins", "Uploads"])
def test_every_part_has_a_table(text: str, part: str) -> None:
    section = text.split(f"## {part}\n")[1].split("\n## ")[0]
    figures = [row for row in section.splitlines() if re.search(r"\|.*\d.*\|", row)]
    assert figures, section


def test_no_vote_or_login_was_refused(text: str) -> None:
    assert re.search(r"[1-9]\d* votes were confirmed over HTTP, 0 had other responses", text)
    assert "8 connections; 0 were refused." in text


def test_cpu_time_per_vote_and_upper_limit_are_reported(text: str) -> None:
    costs = text.split("| CPU time per vote, µs: ")[1].splitlines()[2].strip("| ").split(" | ")
    portal, database, client, baseline, baseline_client = (int(cost.replace(",", "")) for cost in costs)
    assert portal > baseline > 0
    assert database > 0
    assert client > 0
    assert baseline_client > 0
    assert re.search(r"would take [\d,]+ µs, and a baseline request takes [\d,]+ µs: at most [\d.]+ of its rate", text)
