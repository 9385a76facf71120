"""What holds on every page: it fits the screen, speaks the language, is described, and stays on its own host."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from . import scene
from .conftest import DESK, PHONE, TABLET, OpenPage, choose, sign_in
from .scene import Scene
from .site import Client, Site

FIRST_PAGE_BYTES = 100_000
PAGES = (
    "landing",
    "signup",
    "login",
    "gallery",
    "gallery of a city",
    "gallery without the player",
    "video",
    "private video",
    "rankings",
    "empty rankings",
    "how votes are counted",
    "the API",
    "upload",
    "my videos",
    "receipt",
    "receipt of a refused file",
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
        "gallery without the player": "/gallery?city=Cali&player=nadie",
        "video": f"/videos/{filled.videos[1]}",
        "private video": f"/videos/{filled.private}",
        "rankings": "/rankings",
        "empty rankings": "/rankings?city=Leticia",
        "how votes are counted": "/rankings/verification",
        "the API": "/docs",
        "upload": "/upload",
        "my videos": "/my-videos",
        "receipt": f"/my-videos/{filled.videos[0]}/receipt",
        "receipt of a refused file": f"/my-videos/{filled.failed}/receipt",
        "delete": f"/my-videos/{filled.failed}/delete",
        "account": "/profile",
        "missing": "/nothing-here",
        "forbidden": f"/my-videos/{filled.videos[1]}/delete",
    }
    assert tuple(found) == PAGES
    return found


def moderators_paths(filled: Scene) -> dict[str, str]:
    """Where each of the moderators' pages is."""
    suspected = f"/moderation/videos/{filled.videos[3]}"
    return {
        "gallery": "/gallery",
        "moderation": "/moderation",
        "log": "/moderation/log",
        "end of the log": "/moderation/log?before=0",
        "suspected video": suspected,
        "hidden video": f"/moderation/videos/{filled.hidden}",
        "hide": f"{suspected}/hide",
        "show": f"/moderation/videos/{filled.hidden}/show",
        "set aside": f"{suspected}/votes/set-aside?network=203.0.113.0/24",
        "give back": f"{suspected}/votes/give-back?network=198.51.100.0/24",
        "page of a video": f"/videos/{filled.videos[3]}",
    }


def everyones(filled: Scene) -> list[tuple[Client, dict[str, str]]]:
    """Each page with somebody who may see it."""
    return [(filled.players[0], paths(filled)), (filled.moderator, moderators_paths(filled))]


LOOKS = [("phone", "light"), ("phone", "dark"), ("tablet", "light"), ("desk", "light"), ("desk", "dark")]


@pytest.mark.parametrize(("device", "scheme"), LOOKS, ids=" ".join)
def test_every_page_fits_the_screen_and_stays_on_its_host(
    device: str,
    scheme: str,
    filled: Scene,
    open_page: OpenPage,
    shoot: Callable[[Page, str], None],
) -> None:
    viewport = {"phone": PHONE, "tablet": TABLET, "desk": DESK}[device]
    hosts: set[str] = set()
    for person, pages in everyones(filled):
        page = open_page(viewport=viewport, color_scheme=scheme)
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
        sign_in(page, person.account)
        for name, path in pages.items():
            page.goto(path, wait_until="networkidle")
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= viewport["width"], f"{name} is {width} px wide on a screen of {viewport['width']}"
            bar = page.locator(".topbar").evaluate("bar => bar.scrollWidth - bar.clientWidth")
            assert bar <= 0, f"the header of {name} is {bar} px too wide"
            shoot(page, f"{name.replace(' ', '-')}-{device}-{scheme}")
    assert hosts == {"127.0.0.1"}


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_page_is_described(language: str, filled: Scene, open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    choose(page, language)
    for person, pages in everyones(filled):
        sign_in(page, person.account)
        for name, path in pages.items():
            page.goto(path)
            describe(page, name, language)
        page.locator(".tools form").last.get_by_role("button").click()
    page.goto(f"/videos/{filled.videos[1]}")
    label = {"es": "sin sonido", "en": "without sound"}[language]
    assert label in (page.locator("video").get_attribute("aria-label") or "")


def describe(page: Page, name: str, language: str) -> None:
    """Fail where a page does not say what it is and what is on it."""
    expect(page.locator("html"), name).to_have_attribute("lang", language)
    assert "ANB Rising Stars" in page.title(), name
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(landmark).count() >= 1, f"{name} has no {landmark}"  # type: ignore[arg-type]
    assert page.locator("h1").count() == 1, f"{name} has not one heading"
    assert page.locator("img:not([alt])").count() == 0, f"{name} has a picture without a description"
    unnamed = page.locator("input:not([type=hidden]), select, textarea").evaluate_all(
        "fields => fields.filter(field => !field.labels?.length).map(field => field.name)"
    )
    assert unnamed == [], f"{name} has fields without a label"
    assert page.locator("[style], script:not([src]), style").count() == 0, f"{name} holds inline style or script"


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_page_is_read_without_scripts(language: str, filled: Scene, open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/")
    choose(page, language)
    for person, pages in everyones(filled):
        sign_in(page, person.account)
        for name, path in pages.items():
            page.goto(path)
            expect(page.get_by_role("heading", level=1), name).to_be_visible()
            expect(page.locator(".skeleton:visible"), name).to_have_count(0)
            expect(page.locator("main button:visible:disabled"), name).to_have_count(0)
        page.locator(".tools form").last.get_by_role("button").click()


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


@pytest.mark.parametrize(
    ("language", "share", "copied"), [("es", "Compartir", "Enlace copiado"), ("en", "Share", "Link copied")]
)
def test_a_videos_link_is_copied_to_be_shared(
    language: str, share: str, copied: str, filled: Scene, open_page: OpenPage
) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/videos/{filled.videos[0]}?from=a-list")
    choose(page, language)
    page.get_by_role("button", name=share).click()
    expect(page.get_by_role("button", name=copied)).to_be_visible()
    shared = page.evaluate("navigator.clipboard.readText()")
    assert shared == f"{filled.site.url}/videos/{filled.videos[0]}"


@pytest.mark.parametrize(("language", "told"), [("es", "Fuera de la cancha"), ("en", "Out of bounds")])
def test_another_persons_private_video_is_not_there(
    language: str, told: str, filled: Scene, open_page: OpenPage
) -> None:
    page = open_page()
    sign_in(page, filled.players[1].account)
    choose(page, language)
    answer = page.goto(f"/videos/{filled.private}")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text(told)


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


def test_the_keyboard_alone_signs_up_and_searches(open_page: OpenPage) -> None:
    page = open_page(viewport=DESK)
    page.goto("/signup")
    page.locator("#first_name").focus()
    password = "una-clave-larga-y-rara"
    # In the order in which they stand; the country is filled in.
    for text in ("Mateo", "Arango", f"{uuid.uuid4().hex}@ejemplo.co", "Cali", "", password, password):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("¡Bienvenido a la cancha!")
    page.goto("/gallery")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "player":
            break
    page.keyboard.type("camila")
    page.keyboard.press("Enter")
    page.wait_for_url("**player=camila**")
    assert page.locator(".card h2").all_inner_texts() == ["Camila Valencia"]


def test_the_keyboard_alone_chooses_a_video_to_upload(filled: Scene, open_page: OpenPage, clip: Path) -> None:
    page = open_page()
    # Asked for late, Chromium may open the chooser itself, where nobody can answer it.
    page.on("filechooser", lambda _: None)
    sign_in(page, filled.players[1].account)
    page.goto("/upload")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "video_file":
            break
    expect(page.locator("#video_file")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(clip)
    expect(page.locator("#file-about")).to_contain_text(clip.name)
    page.keyboard.press("Tab")
    expect(page.locator("#title")).to_be_focused()


@pytest.mark.parametrize(
    ("language", "delete", "yes", "told"),
    [
        ("es", "Eliminar", "Sí, eliminarlo", "El video se eliminó."),
        ("en", "Delete", "Yes, delete it", "The video was deleted."),
    ],
    ids=["es", "en"],
)
def test_a_deleted_video_leaves_the_list(
    language: str, delete: str, yes: str, told: str, filled: Scene, open_page: OpenPage, clip: Path
) -> None:
    owner = filled.players[3]
    owner.upload(clip, "Video para borrar", is_public=False)
    owner.wait_until_done(count=2)
    page = open_page()
    sign_in(page, owner.account)
    choose(page, language)
    page.goto("/my-videos")
    page.locator("li", has_text="Video para borrar").get_by_role("link", name=delete).click()
    page.get_by_role("button", name=yes).click()
    expect(page.get_by_role("status").first).to_contain_text(told)
    expect(page.locator(".mine > li")).to_have_count(1)
    expect(page.locator(".mine")).not_to_contain_text("Video para borrar")
