"""The commands of the quick start, with the demo, on separate ports and in a separate folder."""

from __future__ import annotations

import io

import requests
from rich.console import Console

from operations.local.demo import PASSWORD, PLAYERS, add_demo
from tests import doc_blocks
from tests.integration.local.conftest import QUICK_START, Started, assert_succeeds
from workspace import paths


def test_quick_start_prints_address_and_login(started: Started) -> None:
    assert started.anb.url in started.output
    assert f"Sign in as {PLAYERS[0].email} with the password {PASSWORD}" in started.output


def test_quick_start_commands_show_status_and_logs(started: Started) -> None:
    status, logs = (started.anb.run(*words) for words in doc_blocks.anb(QUICK_START, "lane local: look"))
    assert_succeeds(status)
    assert all(name in status.stdout for name in ("running", started.anb.url, "supervisor", "database", "aws"))
    assert all(name in status.stdout for name in ("worker", "portal"))
    assert_succeeds(logs)
    assert "video" in logs.stdout
    assert "database system is ready" in started.anb.run("logs", "database").stdout


def test_demo_fills_ranking_of_several_cities_once(started: Started) -> None:
    url = started.anb.url
    assert len(requests.get(f"{url}/api/public/videos", timeout=30).json()) == 5
    ranking = requests.get(f"{url}/api/public/rankings", timeout=30).json()
    assert len({row["city"] for row in ranking}) >= 4
    assert sum(row["votes"] for row in ranking) == sum(len(player.votes_for) for player in PLAYERS)

    again = io.StringIO()
    add_demo(url, Console(file=again))
    assert "0 votes" in again.getvalue()
    assert requests.get(f"{url}/api/public/rankings", timeout=30).json() == ranking


def test_demo_players_vote_for_known_clips_of_others() -> None:
    titles = {player.clip.title for player in PLAYERS if player.clip}
    for player in PLAYERS:
        assert set(player.votes_for) <= titles - ({player.clip.title} if player.clip else set())


def test_quick_start_page_matches_the_demo() -> None:
    page = (paths.ROOT / QUICK_START).read_text()

    assert PLAYERS[0].email in page and PASSWORD not in page
    assert "six players with five clips" in page
    assert (len(PLAYERS), len([player for player in PLAYERS if player.clip])) == (6, 5)
