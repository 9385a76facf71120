"""Screenshots of every page for visual review: phone, tablet and desktop, light and dark, both languages.

Not part of the lane; writes to ``.anb/screens``. Run it by name:

    .venv/bin/python -m pytest tests/e2e/browser/screens.py -k "es-light-360"
"""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import scene
from .conftest import OpenPage, sign_in
from .scene import Scene
from .site import Account, Client, Site
from .test_pages import moderator_paths, paths

FOLDER = Path(__file__).resolve().parents[3] / ".anb" / "screens"
EMPTY_PATHS = ("/", "/gallery", "/rankings")
VISITOR_PATHS = ("/", "/gallery", "/gallery?player=nadie&city=Cali", "/login", "/signup", "/rankings", "/nothing-here")


def take(page: Page, path: str, name: str) -> None:
    page.goto(path, wait_until="networkidle")
    shoot(page, name)


def shoot(page: Page, name: str) -> None:
    page.evaluate("document.fonts.ready")
    # As tall as the page, so that the tab bar is at its end.
    size = page.viewport_size
    assert size is not None
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
    page.wait_for_timeout(150)
    page.screenshot(path=FOLDER / f"{name}.png")
    page.set_viewport_size(size)


def variants() -> list[tuple[str, str, int]]:
    return [(language, scheme, width) for width in (360, 768, 1440) for scheme in ("light", "dark")
            for language in ("es", "en")]  # fmt: skip


@pytest.mark.parametrize(("language", "scheme", "width"), variants(), ids=lambda value: str(value))
def test_empty_site(site: Site, open_page: OpenPage, language: str, scheme: str, width: int) -> None:
    folder = f"{language}-{scheme}-{width}"
    page = _page(open_page, language, scheme, width)
    player = Client(site, Account("Laura", "Gómez", "Cali", f"{uuid.uuid4().hex}@ejemplo.co"))
    for path in EMPTY_PATHS:
        take(page, path, f"{folder}/empty{path.replace('/', '-')}")
    moderator = scene.new_moderator(site)
    sign_in(page, moderator.account)
    for path in ("/moderation", "/moderation/log"):
        take(page, path, f"{folder}/empty{path.replace('/', '-')}")
    page.context.clear_cookies()
    _choose(page, language)
    sign_in(page, player.account)
    take(page, "/my-videos", f"{folder}/empty-my-videos")


@pytest.mark.parametrize(("language", "scheme", "width"), variants(), ids=lambda value: str(value))
def test_every_page(filled: Scene, open_page: OpenPage, language: str, scheme: str, width: int) -> None:
    folder = f"{language}-{scheme}-{width}"
    page = _page(open_page, language, scheme, width)
    for number, path in enumerate(VISITOR_PATHS):
        take(page, path, f"{folder}/visitor-{number}")
    page.goto("/signup")
    page.locator("form.panel").evaluate("form => form.noValidate = true")
    page.fill("#first_name", "A")
    page.fill("#email", "nada")
    page.locator("form.panel button").click()
    shoot(page, f"{folder}/visitor-signup-wrong")
    sign_in(page, filled.players[0].account)
    for name, path in paths(filled).items():
        take(page, path, f"{folder}/player-{name.replace(' ', '-')}")
    page.context.clear_cookies()
    _choose(page, language)
    sign_in(page, filled.moderator.account)
    for name, path in moderator_paths(filled).items():
        take(page, path, f"{folder}/moderator-{name.replace(' ', '-')}")


def _page(open_page: OpenPage, language: str, scheme: str, width: int) -> Page:
    height = {360: 780, 768: 1024, 1440: 900}[width]
    page = open_page(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce")
    _choose(page, language)
    return page


def _choose(page: Page, language: str) -> None:
    page.goto("/")
    if language == "en":
        page.get_by_role("button", name="English").click()
