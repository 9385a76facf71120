"""What holds on every page: it fits the screen, speaks the language, is described, and stays on its own host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from . import scene
from .conftest import DESK, PHONE, OpenPage, sign_in
from .scene import Scene
from .site import Site

FIRST_PAGE_BYTES = 100_000
PAGES = (
    "landing",
    "signup",
    "login",
    "gallery",
    "gallery of a city",
    "video",
    "private video",
    "rankings",
    "empty rankings",
    "how votes are counted",
    "the API",
    "upload",
    "my videos",
    "delete",
    "account",
    "missing",
    "forbidden",
)


@pytest.fixture(scope="module")
def filled(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    yield scene.set_up(site, tmp_path_factory.mktemp("scene"))


def paths(filled: Scene) -> dict[str, str]:
    """Where each of the pages is."""
    found = {
        "landing": "/",
        "signup": "/signup",
        "login": "/login",
        "gallery": "/gallery",
        "gallery of a city": "/gallery?city=Cali",
        "video": f"/videos/{filled.videos[1]}",
        "private video": f"/videos/{filled.private}",
        "rankings": "/rankings",
        "empty rankings": "/rankings?city=Leticia",
        "how votes are counted": "/rankings/verification",
        "the API": "/docs",
        "upload": "/upload",
        "my videos": "/my-videos",
        "delete": f"/my-videos/{filled.failed}/delete",
        "account": "/profile",
        "missing": "/nothing-here",
        "forbidden": f"/my-videos/{filled.videos[1]}/delete",
    }
    assert tuple(found) == PAGES
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_fits_the_screen_and_stays_on_its_host(
    viewport: dict[str, int],
    scheme: str,
    filled: Scene,
    open_page: OpenPage,
    shoot: Callable[[Page, str], None],
) -> None:
    page = open_page(viewport=viewport, color_scheme=scheme)
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    sign_in(page, filled.players[0].account)
    for name, path in paths(filled).items():
        page.goto(path, wait_until="networkidle")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], f"{name} is {width} px wide on a screen of {viewport['width']}"
        device = "phone" if viewport is PHONE else "desk"
        shoot(page, f"{name.replace(' ', '-')}-{device}-{scheme}")
    assert hosts == {"127.0.0.1"}


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_page_is_described(language: str, filled: Scene, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, filled.players[0].account)
    if language == "en":
        page.get_by_role("button", name="English").click()
    for name, path in paths(filled).items():
        page.goto(path)
        expect(page.locator("html"), name).to_have_attribute("lang", language)
        assert "ANB Rising Stars" in page.title(), name
        for landmark in ("banner", "navigation", "main", "contentinfo"):
            assert page.get_by_role(landmark).count() >= 1, f"{name} has no {landmark}"  # type: ignore[arg-type]
        assert page.locator("h1").count() == 1, f"{name} has not one heading"
        assert page.locator("img:not([alt])").count() == 0, f"{name} has a picture without a description"
        unnamed = page.locator("input:not([type=hidden]), select").evaluate_all(
            "fields => fields.filter(field => !field.labels?.length).map(field => field.name)"
        )
        assert unnamed == [], f"{name} has fields without a label"
        assert page.locator("[style], script:not([src]), style").count() == 0, f"{name} holds inline style or script"
    video = page.goto(f"/videos/{filled.videos[1]}")
    assert video is not None
    label = {"es": "sin sonido", "en": "without sound"}[language]
    assert label in (page.locator("video").get_attribute("aria-label") or "")


def test_the_first_page_is_light(filled: Scene, open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto("/", wait_until="networkidle")
    sizes = {urlsplit(answer.url).path: len(answer.body()) + 400 for answer in answers}
    assert sum(sizes.values()) < FIRST_PAGE_BYTES, sizes


def test_a_shared_link_has_a_preview(filled: Scene, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"/videos/{filled.videos[0]}")
    meta = {
        name: page.locator(f'meta[property="og:{name}"]').get_attribute("content")
        for name in ("title", "description", "url", "image")
    }
    assert meta["title"] == "Valentina Rojas: Triple desde media cancha"
    assert "Bogotá" in (meta["description"] or "")
    assert meta["url"] == page.url
    image = page.request.get(meta["image"] or "")
    assert image.ok
    assert image.headers["content-type"] == "image/jpeg"


def test_another_persons_private_video_is_not_there(filled: Scene, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, filled.players[1].account)
    answer = page.goto(f"/videos/{filled.private}")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("Fuera de la cancha")


def test_the_keyboard_alone_reaches_and_casts_a_vote(filled: Scene, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, filled.players[3].account)
    page.goto(f"/videos/{filled.videos[2]}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Saltar al contenido")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('[data-vote]') !== null"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("[data-vote] .voted")).to_have_text("Votaste")


def test_a_deleted_video_leaves_the_list(filled: Scene, open_page: OpenPage, clip: Path) -> None:
    owner = filled.players[3]
    owner.upload(clip, "Video para borrar", is_public=False)
    owner.wait_until_done(count=2)
    page = open_page()
    sign_in(page, owner.account)
    page.goto("/my-videos")
    page.locator("li", has_text="Video para borrar").get_by_role("link", name="Eliminar").click()
    page.get_by_role("button", name="Sí, eliminarlo").click()
    expect(page.get_by_role("status").first).to_contain_text("El video se eliminó.")
    expect(page.locator(".mine > li")).to_have_count(1)
    expect(page.locator(".mine")).not_to_contain_text("Video para borrar")
