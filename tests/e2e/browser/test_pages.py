"""Every page fits the screen, is described and accessible, and uses only its own host."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from .conftest import DESK, PHONE, TABLET, OpenPage, choose_language, sign_in
from .page_checks import layout_problems, markup_problems, violations, violations_in_dark
from .scene import Scene
from .site import Client

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


def paths(filled: Scene) -> dict[str, str]:
    """Return the path of each page."""
    by_name = {
        "landing": "/",
        "signup": "/signup",
        "login": "/login",
        "gallery": "/gallery",
        "gallery of a city": "/gallery?city=Pereira",
        "gallery without the player": "/gallery?city=Pereira&player=nadie",
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
    assert tuple(by_name) == PAGES
    return by_name


def moderator_paths(filled: Scene) -> dict[str, str]:
    """Return the path of each page of moderators."""
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


VISITORS = ("anonymous", "player", "moderator")


def pages_of(visitor: str, filled: Scene) -> tuple[Client | None, dict[str, str]]:
    """Return a visitor's client, if signed in, and the pages that they visit."""
    if visitor == "moderator":
        return filled.moderator, moderator_paths(filled)
    if visitor == "player":
        # The page of the API is very large and the same for all visitors.
        return filled.players[0], {name: path for name, path in paths(filled).items() if name != "the API"}
    return None, paths(filled)


@pytest.mark.parametrize(("language", "device"), [("es", "phone"), ("en", "desk")], ids=["es phone", "en desk"])
@pytest.mark.parametrize("visitor", VISITORS)
def test_pages_fit_are_described_and_pass_axe(
    visitor: str,
    language: str,
    device: str,
    filled: Scene,
    open_page: OpenPage,
    shoot: Callable[[Page, str], None],
) -> None:
    """Each page is opened once and checked in light and dark; phone pages also on a tablet.

    No other host is contacted.
    """
    client, pages = pages_of(visitor, filled)
    viewport = {"phone": PHONE, "desk": DESK}[device]
    page = open_page(viewport=viewport, color_scheme="light", reduced_motion="reduce")
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    page.goto("/")
    choose_language(page, language)
    if client:
        sign_in(page, client.account)
    found: dict[str, list[str]] = {}
    for name, path in pages.items():
        page.goto(path, wait_until="networkidle")
        if name != "login" and urlsplit(page.url).path == "/login":
            continue
        found[name] = (
            layout_problems(page) + markup_problems(page, language) + violations(page) + violations_in_dark(page)
        )
        if name == "video":
            label = page.locator("video").get_attribute("aria-label") or ""
            assert {"es": "sin sonido", "en": "without sound"}[language] in label
        shoot(page, f"{name.replace(' ', '-')}-{device}-{visitor}")
        if device == "phone":
            page.set_viewport_size(TABLET)  # type: ignore[arg-type]
            found[name] += layout_problems(page)
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
    assert {name: problems for name, problems in found.items() if problems} == {}
    assert len(found) > len(pages) / 2, "the pages redirect to the login"
    assert hosts == {"127.0.0.1"}


def test_axe_finds_a_violation(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert [broken.split(":")[0] for broken in violations(page)] == ["html-has-lang"]


def test_axe_finds_dark_text_on_a_dark_background(open_page: OpenPage) -> None:
    page = open_page(reduced_motion="reduce")
    page.goto("/login")
    page.evaluate("document.querySelector('label').style.color = '#111'")
    assert violations(page) == []
    assert [broken.split(":")[1].strip() for broken in violations_in_dark(page)] == ["color-contrast"]


def test_pages_are_readable_without_scripts(filled: Scene, open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    for visitor in ("player", "moderator"):
        client, pages = pages_of(visitor, filled)
        assert client
        sign_in(page, client.account)
        for name, path in pages.items():
            page.goto(path)
            expect(page.get_by_role("heading", level=1), name).to_be_visible()
            expect(page.locator(".skeleton:visible"), name).to_have_count(0)
            expect(page.locator("main button:visible:disabled"), name).to_have_count(0)
        page.locator(".tools form").last.get_by_role("button").click()


def test_first_page_is_small(filled: Scene, open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto("/", wait_until="networkidle")
    sizes = {urlsplit(answer.url).path: len(answer.body()) + 400 for answer in answers}
    assert sum(sizes.values()) < FIRST_PAGE_BYTES, sizes


def test_shared_link_has_a_preview(filled: Scene, open_page: OpenPage) -> None:
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


def test_share_button_copies_the_link(filled: Scene, open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/videos/{filled.videos[0]}?from=a-list")
    choose_language(page, "en")
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    shared = page.evaluate("navigator.clipboard.readText()")
    assert shared == f"{filled.site.url}/videos/{filled.videos[0]}"


def test_private_video_of_another_user_returns_404(filled: Scene, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, filled.players[1].account)
    answer = page.goto(f"/videos/{filled.private}")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("Fuera de la cancha")


def test_vote_with_the_keyboard(filled: Scene, open_page: OpenPage) -> None:
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


def test_sign_up_and_search_with_the_keyboard(filled: Scene, open_page: OpenPage) -> None:
    page = open_page(viewport=DESK)
    page.goto("/signup")
    page.locator("#first_name").focus()
    password = "una-clave-larga-y-rara"
    # In the order of the fields; the country is filled in.
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
    page.keyboard.type("salazar")
    page.keyboard.press("Enter")
    page.wait_for_url("**player=salazar**")
    assert page.locator(".card h2").all_inner_texts() == ["Camila Salazar"]


def test_video_to_upload_is_chosen_with_the_keyboard(filled: Scene, open_page: OpenPage, clip: Path) -> None:
    page = open_page()
    # Without a listener, Chromium may open its own file dialog, which the test cannot control.
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


def test_deleted_video_disappears_from_the_list(filled: Scene, open_page: OpenPage, clip: Path) -> None:
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
