"""WCAG 2.2 AA on every page, as far as a program can tell: axe finds nothing, in both languages and both schemes.

Whether a person who sees, hears or moves differently can use a page is tested by the flows with the keyboard alone
and by looking; axe finds what is wrong for certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from . import scene
from .conftest import DESK, PHONE, OpenPage, choose, sign_in
from .scene import Scene
from .site import Site
from .test_pages import moderators_paths, paths

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}


@pytest.fixture(scope="module")
def filled(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    yield scene.set_up(site, tmp_path_factory.mktemp("scene"))


def violations(page: Page) -> list[str]:
    """What axe has against a page: the rule and the elements that break it."""
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found]


@pytest.mark.parametrize(
    ("language", "scheme", "viewport"),
    [("es", "light", PHONE), ("en", "dark", PHONE), ("es", "dark", DESK), ("en", "light", DESK)],
    ids=["es light phone", "en dark phone", "es dark desk", "en light desk"],
)
@pytest.mark.parametrize("who", ["nobody", "player", "moderator"])
def test_axe_finds_nothing_on_any_page(
    who: str, language: str, scheme: str, viewport: dict[str, int], filled: Scene, open_page: OpenPage
) -> None:
    page = open_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    page.goto("/")
    choose(page, language)
    if who != "nobody":
        sign_in(page, (filled.moderator if who == "moderator" else filled.players[0]).account)
    found = {}
    for name, path in (moderators_paths if who == "moderator" else paths)(filled).items():
        page.goto(path, wait_until="networkidle")
        if name != "login" and urlsplit(page.url).path == "/login":
            continue
        if broken := violations(page):
            found[name] = broken
    assert found == {}


def test_axe_sees_what_is_wrong(filled: Scene, open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert [broken.split(":")[0] for broken in violations(page)] == ["html-has-lang"]
