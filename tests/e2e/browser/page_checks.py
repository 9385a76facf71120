"""Checks for every page: it fits the screen, has its metadata and labels, and axe finds no violations.

axe finds certain violations of WCAG 2.2 AA only. Usability for people with disabilities is covered by the tests with
the keyboard alone, and by manual review.
"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

ALL_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules of ALL_RULES that depend on the colour scheme."""
LANDMARKS = ("banner", "navigation", "main", "contentinfo")
_AXE = Axe()
_WITHOUT_TRANSITIONS = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, *::before, *::after { transition: none !important; }");
  document.adoptedStyleSheets.push(sheet);
}"""


def violations(page: Page, *, rules: dict[str, Any] = ALL_RULES) -> list[str]:
    """List axe's violations: the rule and the elements that break it."""
    if page.evaluate("window.axe === undefined"):
        page.evaluate(_AXE.axe_script)
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    broken: list[dict[str, Any]] = page.evaluate("options => axe.run(options)", options)["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in broken]


def violations_in_dark(page: Page) -> list[str]:
    """List axe's violations in dark colours; the page is light again afterwards."""
    # Without transitions, so that axe does not see intermediate colours.
    page.evaluate(_WITHOUT_TRANSITIONS)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    dark = violations(page, rules=COLOUR_RULES)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return [f"dark: {violation}" for violation in dark]


def layout_problems(page: Page) -> list[str]:
    """List elements that are wider than the screen."""
    size = page.viewport_size
    assert size is not None
    width = page.evaluate("document.documentElement.scrollWidth")
    bar = page.locator(".topbar").evaluate("bar => bar.scrollWidth - bar.clientWidth")
    problems = [f"{width} px wide on a screen of {size['width']}"] if width > size["width"] else []
    return [*problems, f"the header is {bar} px too wide"] if bar > 0 else problems


def markup_problems(page: Page, language: str) -> list[str]:
    """List missing or wrong metadata, landmarks, headings and labels."""
    problems = []
    if (declared := page.locator("html").get_attribute("lang")) != language:
        problems.append(f"its language is {declared}")
    if "ANB Rising Stars" not in page.title():
        problems.append(f"its title is {page.title()!r}")
    problems += [f"it has no {role}" for role in LANDMARKS if not page.get_by_role(role).count()]  # type: ignore[arg-type]
    if (headings := page.locator("h1").count()) != 1:
        problems.append(f"it has {headings} main headings")
    if pictures := page.locator("img:not([alt])").count():
        problems.append(f"{pictures} pictures have no description")
    if unnamed := page.locator("input:not([type=hidden]), select, textarea").evaluate_all(
        "fields => fields.filter(field => !field.labels?.length).map(field => field.name)"
    ):
        problems.append(f"fields without a label: {unnamed}")
    if inline := page.locator("[style], script:not([src]), style").count():
        problems.append(f"{inline} inline styles or scripts")
    return problems
