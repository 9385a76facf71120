"""The demo puts in people, clips and votes once, however often it is asked for."""

from __future__ import annotations

import io

import requests
from rich.console import Console

from operations.local.demo import PASSWORD, PLAYERS, add_demo
from tests.commands import Commands


def test_the_demo_fills_the_ranking_of_several_cities_once(anb: Commands) -> None:
    first = anb.up("--no-infra", "--demo")
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"Sign in as {PLAYERS[0].email} with the password {PASSWORD}" in first.stdout
    ranking = requests.get(f"{anb.url}/api/public/rankings", timeout=30).json()
    assert len({row["city"] for row in ranking}) >= 4
    assert sum(row["votes"] for row in ranking) == sum(len(player.votes_for) for player in PLAYERS)

    again = io.StringIO()
    add_demo(anb.url, Console(file=again))
    assert "0 votes" in again.getvalue()
    assert requests.get(f"{anb.url}/api/public/rankings", timeout=30).json() == ranking


def test_nobody_of_the_demo_votes_for_an_own_or_an_unknown_clip() -> None:
    titles = {player.clip.title for player in PLAYERS if player.clip}
    for player in PLAYERS:
        assert set(player.votes_for) <= titles - ({player.clip.title} if player.clip else set())
