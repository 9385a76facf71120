"""The gallery: players found by city and name, videos watched where they stand, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from workspace.postgres import Cluster

from .conftest import DESK, PHONE, OpenPage, choose, new_site
from .site import Account, Client, Site

PLAYERS = (("Valentina", "Rojas", "Cali"), ("Valeria", "Núñez", "Pasto"), ("Mateo", "Arango", "Cali"))
WORDS = {
    "es": {
        "player": "Jugador o jugadora",
        "city": "Ciudad",
        "search": "Buscar",
        "nobody": "Nadie llamado «mateo» en Pasto",
        "everywhere": "Buscar en toda Colombia",
        "all": "Ver a todos",
        "play": "Reproducir: Jugada de Valeria, de Valeria Núñez",
        "video": "Video de Valeria Núñez, sin sonido: Jugada de Valeria",
    },
    "en": {
        "player": "Player",
        "city": "City",
        "search": "Search",
        "nobody": "Nobody called “mateo” in Pasto",
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
    """A site of this module's own: its tests look at all players there are."""
    with new_site(postgres_server, migrated_template, aws_port, tmp_path_factory.mktemp("gallery")) as site:
        yield site


@pytest.fixture(scope="module", autouse=True)
def players(site: Site, clip: Path) -> None:
    """Three players of two cities, each with a video."""
    made = [Client(site, Account(*player, email=f"{player[0]}@ejemplo.co")) for player in PLAYERS]
    for client in made:
        client.upload(clip, f"Jugada de {client.account.first_name}")
    for client in made:
        client.wait_until_done(count=1)


def plays(video: Locator) -> None:
    """Wait until a video has played for a moment."""
    video.evaluate(
        "video => new Promise(done => {"
        "  const look = () => video.currentTime > 0.2 && done();"
        "  video.addEventListener('timeupdate', look);"
        "  look();"
        "})"
    )


def names(page: Page) -> set[str]:
    return set(page.locator(".card h2").all_inner_texts())


@pytest.mark.parametrize(("language", "scripts"), [("es", False), ("en", True)], ids=["es no scripts", "en scripts"])
def test_players_are_found_by_name_and_city(language: str, scripts: bool, open_page: OpenPage) -> None:
    words = WORDS[language]
    page = open_page(viewport=PHONE if scripts else DESK, java_script_enabled=scripts)
    page.goto("/gallery")
    choose(page, language)
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
    expect(page.get_by_role("heading", name=words["nobody"])).to_be_visible()
    page.get_by_role("link", name=words["everywhere"]).click()
    page.wait_for_url(re.compile(r"player=mateo$"))
    assert names(page) == {"Mateo Arango"}
    page.get_by_role("link", name=words["all"]).click()
    page.wait_for_url("**/gallery")
    assert len(names(page)) == 3


@pytest.mark.parametrize(("language", "key"), [("es", "Enter"), ("en", "Space")])
def test_a_video_is_played_in_the_gallery_with_the_keyboard_alone(language: str, key: str, open_page: OpenPage) -> None:
    words = WORDS[language]
    page = open_page()
    page.goto("/gallery?player=valeria")
    choose(page, language)
    box = page.locator(".card .frame").bounding_box()
    played = page.get_by_role("button", name=words["play"])
    played.focus()
    page.keyboard.press(key)
    video = page.locator(".card video")
    expect(video).to_be_focused()
    expect(video).to_have_attribute("aria-label", words["video"])
    assert page.locator(".card .frame").bounding_box() == box
    plays(video)
    assert page.url.endswith("/gallery?player=valeria")


def test_one_video_plays_at_a_time_and_none_before_it_is_asked_for(open_page: OpenPage) -> None:
    page = open_page(viewport=DESK)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "video.mp4" in request.url else None)
    page.goto("/gallery", wait_until="networkidle")
    assert asked == [] and page.locator("video").count() == 0
    for count in (1, 2):
        page.locator("a[data-play]").first.click()
        expect(page.locator(".card video")).to_have_count(count)
        plays(page.locator(".card video").nth(count - 1))
        assert (
            page.locator(".card video").evaluate_all("all => all.filter(one => !one.paused && !one.ended).length") == 1
        )


def test_without_scripts_the_poster_leads_to_the_videos_page(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/gallery?player=valeria")
    page.get_by_role("link", name=WORDS["es"]["play"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Valeria Núñez")
    expect(page.locator("video")).to_be_visible()


def test_while_another_list_is_on_its_way_this_one_shimmers_in_its_place(open_page: OpenPage) -> None:
    page = open_page(viewport=DESK)
    page.goto("/gallery", wait_until="networkidle")
    held: list[Route] = []
    busy: list[dict[str, float]] = []
    page.route("**/gallery?*", lambda route: held.append(route))
    # The browser answers no questions while a page is on its way, so the page itself says when its list is busy.
    page.expose_function("tell", lambda box: busy.append(box))
    before = page.evaluate(
        """() => {
          const box = () => document.querySelector(".cards").getBoundingClientRect().toJSON();
          const list = document.querySelector("[data-changing]");
          new MutationObserver(() => list.getAttribute("aria-busy") === "true" && tell(box())).observe(
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
