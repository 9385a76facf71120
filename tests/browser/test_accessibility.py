"""WCAG 2.2 AA on every page, as far as a program can tell: axe finds nothing, in both languages and both schemes.

Whether a person who sees, hears or moves differently can use a page is tested by the flows with the keyboard alone
and by looking; axe finds what is wrong for certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from . import scene
from .conftest import DESK, PHONE, OpenPage, sign_in
from .scene import Scene
from .site import Site
from .test_pages import paths

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
@pytest.mark.parametrize("signed_in", [False, True], ids=["nobody", "player"])
def test_axe_finds_nothing_on_any_page(
    signed_in: bool, language: str, scheme: str, viewport: dict[str, int], filled: Scene, open_page: OpenPage
) -> None:
    page = open_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    if signed_in:
        sign_in(page, filled.players[0].account)
    else:
        page.goto("/")
    if language == "en":
        page.get_by_role("button", name="English").click()
    found = {}
    for name, path in paths(filled).items():
        page.goto(path, wait_until="networkidle")
        if broken := violations(page):
            found[name] = broken
    assert found == {}


def test_axe_sees_what_is_wrong(filled: Scene, open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert [broken.split(":")[0] for broken in violations(page)] == ["html-has-lang"]
