"""The gallery: search by city and name, and playback on the page, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from workspace.postgres import Cluster

from .conftest import DESK, PHONE, OpenPage, choose_language, new_site
from .site import Account, Client, Site

PLAYERS = (("Valentina", "Rojas", "Cali"), ("Valeria", "Núñez", "Pasto"), ("Mateo", "Arango", "Cali"))
WORDS = {
    "es": {
        "player": "Jugador o jugadora",
        "city": "Ciudad",
        "search": "Buscar",
        "no match": "Nadie llamado «mateo» en Pasto",
        "everywhere": "Buscar en toda Colombia",
        "all": "Ver a todos",
        "play": "Reproducir: Jugada de Valeria, de Valeria Núñez",
        "video": "Video de Valeria Núñez, sin sonido: Jugada de Valeria",
    },
    "en": {
        "player": "Player",
        "city": "City",
        "search": "Search",
        "no match": "Nobody called “mateo” in Pasto",  # plain-english: allow
        "everywhere": "Search all of Colombia",
        "all": "See all players",
        "play": "Play: Jugada de Valeria, by Valeria Núñez",
        "video": "Video of Valeria Núñez, without sound: Jugada de Valeria",
    },
}


@pytest.fixture(scope="module")
def site(
    postgres_server: Cluster, migrated_template: str, aws_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A separate site, because these tests see all players."""
    with new_site(postgres_server, migrated_template, aws_port, tmp_path_factory.mktemp("gallery")) as site:
        yield site


@pytest.fixture(scope="module", autouse=True)
def players(site: Site, clip: Path) -> None:
    """Three players of two cities, each with a video."""
    clients = [Client(site, Account(*player, email=f"{player[0]}@ejemplo.co")) for player in PLAYERS]
    for client in clients:
        client.upload(clip, f"Jugada de {client.account.first_name}")
    for client in clients:
        client.wait_until_done(count=1)


def wait_until_playing(video: Locator) -> None:
    """Wait until a video plays."""
    video.evaluate(
        "video => new Promise(done => {"
        "  const check = () => video.currentTime > 0.2 && done();"
        "  video.addEventListener('timeupdate', check);"
        "  check();"
        "})"
    )


def names(page: Page) -> set[str]:
    return set(page.locator(".card h2").all_inner_texts())


@pytest.mark.parametrize(("language", "scripts"), [("es", False), ("en", True)], ids=["es no scripts", "en scripts"])
def test_search_by_name_and_city(language: str, scripts: bool, open_page: OpenPage) -> None:
    words = WORDS[language]
    page = open_page(viewport=PHONE if scripts else DESK, java_script_enabled=scripts)
    page.goto("/gallery")
    choose_language(page, language)
    assert len(names(page)) == 3
    page.get_by_label(words["player"], exact=True).fill("val")
    page.get_by_role("button", name=words["search"]).click()
    page.wait_for_url("**player=val**")
    assert names(page) == {"Valentina Rojas", "Valeria Núñez"}
    page.get_by_label(words["city"], exact=True).select_option("Pasto")
    page.get_by_label(words["player"], exact=True).fill("nunez")
    page.get_by_role("button", name=words["search"]).click()
    page.wait_for_url("**city=Pasto**")
    assert names(page) == {"Valeria Núñez"}
    expect(page.get_by_label(words["player"], exact=True)).to_have_value("nunez")
    page.get_by_label(words["player"], exact=True).fill("mateo")
    page.get_by_role("button", name=words["search"]).click()
    expect(page.get_by_role("heading", name=words["no match"])).to_be_visible()
    page.get_by_role("link", name=words["everywhere"]).click()
    page.wait_for_url(re.compile(r"player=mateo$"))
    assert names(page) == {"Mateo Arango"}
    page.get_by_role("link", name=words["all"]).click()
    page.wait_for_url("**/gallery")
    assert len(names(page)) == 3


@pytest.mark.parametrize(("language", "key"), [("es", "Enter"), ("en", "Space")])
def test_video_plays_in_the_gallery_with_the_keyboard(language: str, key: str, open_page: OpenPage) -> None:
    words = WORDS[language]
    page = open_page()
    page.goto("/gallery?player=valeria")
    choose_language(page, language)
    box = page.locator(".card .frame").bounding_box()
    played = page.get_by_role("button", name=words["play"])
    played.focus()
    page.keyboard.press(key)
    video = page.locator(".card video")
    expect(video).to_be_focused()
    expect(video).to_have_attribute("aria-label", words["video"])
    assert page.locator(".card .frame").bounding_box() == box
    wait_until_playing(video)
    assert page.url.endswith("/gallery?player=valeria")


def test_one_video_plays_at_a_time_after_a_click(open_page: OpenPage) -> None:
    page = open_page(viewport=DESK)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url) if "video.mp4" in request.url else None)
    page.goto("/gallery", wait_until="networkidle")
    assert requested == [] and page.locator("video").count() == 0
    for count in (1, 2):
        page.locator("a[data-play]").first.click()
        expect(page.locator(".card video")).to_have_count(count)
        wait_until_playing(page.locator(".card video").nth(count - 1))
        assert (
            page.locator(".card video").evaluate_all("all => all.filter(one => !one.paused && !one.ended).length") == 1
        )


def test_poster_links_to_the_video_page_without_scripts(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/gallery?player=valeria")
    page.get_by_role("link", name=WORDS["es"]["play"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Valeria Núñez")
    expect(page.locator("video")).to_be_visible()


def test_list_keeps_its_place_while_the_next_one_loads(open_page: OpenPage) -> None:
    page = open_page(viewport=DESK)
    page.goto("/gallery", wait_until="networkidle")
    held: list[Route] = []
    busy: list[dict[str, float]] = []
    page.route("**/gallery?*", lambda route: held.append(route))
    # Playwright cannot query a page during navigation, so the page itself reports when its list is busy.
    page.expose_function("report", lambda box: busy.append(box))
    before = page.evaluate(
        """() => {
          const box = () => document.querySelector(".cards").getBoundingClientRect().toJSON();
          const list = document.querySelector("[data-changing]");
          new MutationObserver(() => list.getAttribute("aria-busy") === "true" && report(box())).observe(
            list, { attributes: true }
          );
          return box();
        }"""
    )
    page.get_by_label("Ciudad", exact=True).select_option("Pasto")
    page.get_by_role("button", name="Buscar").click(no_wait_after=True)
    for _ in range(6000):
        if held and busy:
            break
        page.wait_for_timeout(50)
    assert busy == [before]
    held[0].continue_()
    page.wait_for_url("**city=Pasto**")
    expect(page.locator("[data-changing]")).not_to_have_attribute("aria-busy", "true")
