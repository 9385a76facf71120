"""Dead links of a built site are found."""

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
def test_valid_links(site: Path, link: str) -> None:
    (site / "index.html").write_text(f'<a id="here" href="{link}">x</a>')

    assert site_links.dead_links(site) == []


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("gone.html", "points to a missing file"),
        ("deep", "points to a missing file"),
        ("deep/other%20page.html#gone", "points to a missing anchor"),
        ("#gone", "points to a missing anchor"),
        ("../outside.html", "points outside the site"),
        ("/index.html", "points outside the site"),
        ("https://", "is not a valid URL"),
        ("https://exa mple.com", "is not a valid URL"),
        ("htps://example.com", "is not a valid URL"),
        ("http://[::1", "is not a valid URL"),
    ],
)
def test_dead_links_are_reported_with_their_page(site: Path, link: str, problem: str) -> None:
    (site / "index.html").write_text(f'<img src="{link}">')

    assert site_links.dead_links(site) == [f"index.html: {link} {problem}"]
