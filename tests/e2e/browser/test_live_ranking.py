"""The ranking on an open page follows the votes unless the user pauses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import DESK, OpenPage
from .site import Client

MINUTE = 60_000
"""Milliseconds by which the page's clock advances: several of its refresh intervals."""


@pytest.fixture
def players(new_client: Callable[..., Client], clip: Path) -> list[Client]:
    """Three users of one city; the first two have a video each."""
    clients = [new_client(name, "Viva", "Mitú") for name in ("Abril", "Bruno", "Clara")]
    for player in clients[:2]:
        player.upload(clip, f"Jugada de {player.account.first_name}")
    for player in clients[:2]:
        player.wait_until_done(count=1)
    return clients


def names(page: Page) -> list[str]:
    return page.locator(".ranks > li a").all_inner_texts()


def test_ranking_updates_until_it_is_paused(
    open_page: OpenPage, players: list[Client], shoot: Callable[[Page, str], None]
) -> None:
    abril, bruno, clara = players
    first, second = abril.own_videos()[0], bruno.own_videos()[0]
    clara.vote(first)
    page = open_page(viewport=DESK)
    page.clock.install()
    page.goto("/rankings?city=Mitú")
    expect(page.locator(".ranks > li")).to_have_count(1)
    abril.vote(second)
    clara.vote(second)
    page.clock.fast_forward(MINUTE)
    expect(page.locator(".ranks > li")).to_have_count(2)
    expect(page.locator(".ranks > li").first).to_contain_text("Bruno Viva")
    assert names(page) == ["Bruno Viva", "Abril Viva"]
    shoot(page, "rankings-live-desk")

    # A paused ranking does not change; it is up to date as soon as it continues.
    switch = page.get_by_role("button", name=re.compile("En vivo"))
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    bruno.vote(first)
    clara.retract(second)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.clock.fast_forward(MINUTE)
    page.wait_for_load_state("networkidle")
    assert requested == []
    assert names(page) == ["Bruno Viva", "Abril Viva"]
    with page.expect_request(re.compile("/rankings")):
        switch.click()
    expect(page.locator(".ranks > li").first).to_contain_text("Abril Viva")


def test_page_explains_how_votes_are_counted(open_page: OpenPage, shoot: Callable[[Page, str], None]) -> None:
    page = open_page()
    page.goto("/rankings")
    page.get_by_role("link", name=re.compile("contaron de nuevo|Cómo se cuentan")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cómo se cuentan los votos")
    shoot(page, "verification-phone")
