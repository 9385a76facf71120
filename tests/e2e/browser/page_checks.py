"""What holds on every page: it fits the screen, says what it is and what is on it, and axe finds nothing.

axe finds what is wrong for certain by WCAG 2.2 AA. Whether a person who sees, hears or moves differently can use a page
is tested by the flows with the keyboard alone, and by looking.
"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

ALL_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""Those of ALL_RULES whose outcome differs between a light and a dark scheme."""
LANDMARKS = ("banner", "navigation", "main", "contentinfo")
_AXE = Axe()
_WITHOUT_TRANSITIONS = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, *::before, *::after { transition: none !important; }");
  document.adoptedStyleSheets.push(sheet);
}"""


def violations(page: Page, *, rules: dict[str, Any] = ALL_RULES) -> list[str]:
    """What axe has against a page: the rule and the elements that break it."""
    if page.evaluate("window.axe === undefined"):
        page.evaluate(_AXE.axe_script)
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found: list[dict[str, Any]] = page.evaluate("options => axe.run(options)", options)["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found]


def violations_in_dark(page: Page) -> list[str]:
    """What axe has against a page's dark colours; the page is light again afterwards."""
    # A transition would be judged by colours that nobody sees for long.
    page.evaluate(_WITHOUT_TRANSITIONS)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found = violations(page, rules=COLOUR_RULES)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return [f"dark: {violation}" for violation in found]


def misfits(page: Page) -> list[str]:
    """What is wider than the screen."""
    size = page.viewport_size
    assert size is not None
    width = page.evaluate("document.documentElement.scrollWidth")
    bar = page.locator(".topbar").evaluate("bar => bar.scrollWidth - bar.clientWidth")
    found = [f"{width} px wide on a screen of {size['width']}"] if width > size["width"] else []
    return [*found, f"the header is {bar} px too wide"] if bar > 0 else found


def omissions(page: Page, language: str) -> list[str]:
    """What a page does not say of itself and of what is on it."""
    found = []
    if (spoken := page.locator("html").get_attribute("lang")) != language:
        found.append(f"its language is {spoken}")
    if "ANB Rising Stars" not in page.title():
        found.append(f"its title is {page.title()!r}")
    found += [f"it has no {role}" for role in LANDMARKS if not page.get_by_role(role).count()]  # type: ignore[arg-type]
    if (headings := page.locator("h1").count()) != 1:
        found.append(f"it has {headings} main headings")
    if pictures := page.locator("img:not([alt])").count():
        found.append(f"{pictures} pictures have no description")
    if unnamed := page.locator("input:not([type=hidden]), select, textarea").evaluate_all(
        "fields => fields.filter(field => !field.labels?.length).map(field => field.name)"
    ):
        found.append(f"fields without a label: {unnamed}")
    if inline := page.locator("[style], script:not([src]), style").count():
        found.append(f"{inline} inline styles or scripts")
    return found
