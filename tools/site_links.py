"""Find dead links in a built site."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ATTRIBUTES = ("href", "src")
_SCHEMES = ("http", "https")


class Page(HTMLParser):
    """The links and the link targets of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in _ATTRIBUTES and value:
                self.links.add(value)
            elif name == "id" and value:
                self.anchors.add(value)


def dead_links(site: Path) -> list[str]:
    """List the dead links with their pages. URLs of other sites are only checked for their syntax.

    Args:
        site: folder of the built site.
    """
    site = site.resolve()
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    return [
        f"{file.relative_to(site)}: {link} {problem}"
        for file, page in pages.items()
        for link in sorted(page.links)
        if (problem := _find_problem(link, file, site, pages))
    ]


def _find_problem(link: str, file: Path, site: Path, pages: dict[Path, Page]) -> str:
    """Describe the problem with a link; empty if it works."""
    try:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            valid = parts.scheme in _SCHEMES and bool(parts.hostname) and " " not in link
            return "" if valid or parts.scheme in ("data", "mailto") else "is not a valid URL"
    except ValueError:
        return "is not a valid URL"
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.is_relative_to(site):
        return "points outside the site"
    if not target.is_file():
        return "points to a missing file"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "points to a missing anchor"
    return ""
