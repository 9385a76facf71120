"""The links of a built site: each leads to a file of it, and to a place that is there."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ATTRIBUTES = ("href", "src")
_SCHEMES = ("http", "https")


class Page(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in _ATTRIBUTES and value:
                self.links.add(value)
            elif name == "id" and value:
                self.places.add(value)


def dead(site: Path) -> list[str]:
    """Each link that leads nowhere, with the page it is on. Other sites are not asked; their addresses must be ones.

    Args:
        site: folder of the built site.
    """
    site = site.resolve()
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    return [
        f"{file.relative_to(site)}: {link} {why}"
        for file, page in pages.items()
        for link in sorted(page.links)
        if (why := _wrong(link, file, site, pages))
    ]


def _wrong(link: str, file: Path, site: Path, pages: dict[Path, Page]) -> str:
    """What is wrong with a link, if anything is."""
    try:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            known = parts.scheme in _SCHEMES and bool(parts.hostname) and " " not in link
            return "" if known or parts.scheme in ("data", "mailto") else "is no address"
    except ValueError:
        return "is no address"
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.is_relative_to(site):
        return "leads out of the site"
    if not target.is_file():
        return "leads to no file"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
        return "leads to no place on that page"
    return ""
