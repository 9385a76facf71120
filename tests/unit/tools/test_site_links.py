"""The links of a built site: where each leads, and which lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import site_links


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site/deep").mkdir(parents=True)
    (tmp_path / "site/deep/other page.html").write_text('<h1 id="place">Other</h1>')
    (tmp_path / "site/picture.png").write_bytes(b"")
    (tmp_path / "outside.html").write_text("")
    return tmp_path / "site"


@pytest.mark.parametrize(
    "link",
    [
        "deep/other%20page.html",
        "deep/other%20page.html#place",
        "#here",
        "picture.png?v=1",
        "https://example.com/a#b",
        "http://127.0.0.1:8080",
        "mailto:ana@example.com",
        "data:image/svg+xml,x",
    ],
)
def test_what_leads_somewhere(site: Path, link: str) -> None:
    (site / "index.html").write_text(f'<a id="here" href="{link}">x</a>')

    assert site_links.dead(site) == []


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("gone.html", "leads to no file"),
        ("deep", "leads to no file"),
        ("deep/other%20page.html#gone", "leads to no place on that page"),
        ("#gone", "leads to no place on that page"),
        ("../outside.html", "leads out of the site"),
        ("/index.html", "leads out of the site"),
        ("https://", "is no address"),
        ("https://exa mple.com", "is no address"),
        ("htps://example.com", "is no address"),
        ("http://[::1", "is no address"),
    ],
)
def test_what_leads_nowhere_is_told_with_its_page(site: Path, link: str, why: str) -> None:
    (site / "index.html").write_text(f'<img src="{link}">')

    assert site_links.dead(site) == [f"index.html: {link} {why}"]
