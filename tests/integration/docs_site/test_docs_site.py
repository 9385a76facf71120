"""The documents build as a site, without warnings or dead links, and every page is in the contents."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import sync_playwright

from operations.__main__ import anb
from tests import doc_blocks
from tools import docs
from workspace import paths
from workspace.browser import find_chromium
from workspace.errors import UserError


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of this checkout; building it fails on warnings and dead links."""
    folder = tmp_path_factory.mktemp("built") / "site"
    docs.build(paths.ROOT, folder)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A small checkout with two pages."""
    (tmp_path / "docs").mkdir()
    for part in ("conf.py", "package.json", "package-lock.json", "_site", "_static"):
        source, target = paths.ROOT / "docs" / part, tmp_path / "docs" / part
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (tmp_path / "docs/README.md").write_text("# Contents\n\n## First\n\n- [A page](page.md)\n")
    (tmp_path / "docs/page.md").write_text("# A page\n\n## A place\n\n[Back](README.md)\n")
    yield tmp_path


def test_every_document_is_a_page(site: Path) -> None:
    documents = [
        *(paths.ROOT / "docs").rglob("*.md"),
        *paths.ROOT.glob("*.md"),
        paths.ROOT / "examples/README.md",
    ]
    pages = [document.relative_to(paths.ROOT).with_suffix(".html") for document in documents]

    assert len(pages) > 90
    assert [str(page) for page in pages if not (site / page).is_file()] == []


def test_every_document_is_in_the_contents(site: Path) -> None:
    """The contents beside each page mark that page."""
    first = paths.ROOT / "docs/README.md"
    pages = [
        page.relative_to(paths.ROOT).with_suffix(".html")
        for page in (paths.ROOT / "docs").rglob("*.md")
        if page != first
    ]
    marked = re.compile(r'<li class="toctree-l\d[^"]* current-page"')

    assert [str(page) for page in pages if not marked.search((site / page).read_text())] == []


def test_first_page_redirects_to_the_contents(site: Path) -> None:
    assert 'url=docs/README.html"' in (site / docs.FIRST).read_text()


def test_pages_declare_their_language(site: Path) -> None:
    assert '<html class="no-js" lang="es"' in (site / "docs/es/portal.html").read_text()
    assert '<html class="no-js" lang="en"' in (site / "docs/portal.html").read_text()


def test_pages_load_nothing_from_other_hosts(site: Path) -> None:
    """Other hosts do not learn what a user reads."""
    fetched = re.compile(r'<(?:script|img|link(?! rel="canonical"))[^>]*(?:src|href)="(https?:)?//')
    assert [str(page) for page in site.rglob("*.html") if fetched.search(page.read_text())] == []


def test_diagrams_are_drawn_without_a_server(site: Path) -> None:
    """A page that was opened as a file draws its diagrams, without requests to other hosts."""
    diagrams = doc_blocks.blocks(paths.ROOT / "docs/architecture.md", "mermaid")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto((site / "docs/architecture.html").as_uri())
        page.locator("pre.mermaid[data-processed] > svg").nth(len(diagrams) - 1).wait_for(timeout=120_000)
        kinds = [svg.get_attribute("aria-roledescription") for svg in page.locator("pre.mermaid > svg").all()]
        browser.close()

    assert len(kinds) == len(diagrams) and "error" not in kinds
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def test_command_prints_the_path(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ROOT", checkout)
    monkeypatch.setattr(docs, "SITE", tmp_path / "own/site")

    result = CliRunner().invoke(anb, ["docs"])

    assert result.exit_code == 0, result.output
    assert result.output == f"4 pages; the first: {tmp_path}/own/site/index.html\n"
    assert (tmp_path / "own/site/docs/page.html").is_file()


def test_links_to_files_and_folders_beside_the_pages(checkout: Path, tmp_path: Path) -> None:
    (checkout / "stacks").mkdir()
    (checkout / "stacks/app.py").write_text("print()\n")
    (checkout / "docs/page.md").write_text("# A page\n\n[the app](../stacks/app.py) in [stacks](../stacks)\n")

    docs.build(checkout, tmp_path / "site")

    page = (tmp_path / "site/docs/page.html").read_text()
    (download,) = re.findall(r'href="\.\./(_downloads/\w+/app\.py)"', page)
    assert (tmp_path / "site" / download).read_text() == "print()\n"
    assert "in stacks</p>" in re.sub(r"</?span[^>]*>", "", page)


def test_contents_are_the_links_and_then_the_other_pages(checkout: Path, tmp_path: Path) -> None:
    (checkout / "docs/incidents").mkdir()
    (checkout / "docs/incidents/fire.md").write_text("# Fire\n")
    (checkout / "docs/steps").mkdir()
    (checkout / "docs/steps/README.md").write_text("# Steps\n\n- [One](one.md), after [all](../../README.md)\n")
    (checkout / "README.md").write_text("# All\n")
    (checkout / "docs/README.md").write_text("# Contents\n\n## First\n\n- [A page](page.md)\n- [All](../README.md)\n")
    (checkout / "docs/steps/one.md").write_text("# One\n")
    (checkout / "docs/steps/two.md").write_text("# Two\n")

    docs.build(checkout, tmp_path / "site")

    contents = (tmp_path / "site/docs/README.html").read_text()
    sidebar = contents.partition('<div class="sidebar-tree">')[2].partition("</div>")[0]
    assert re.findall(r'class="caption-text">([^<]+)<', sidebar) == ["First"]
    links = re.findall(r'href="([^"#]+)">([^<]+)</a>', sidebar)
    assert links == [
        ("page.html", "A page"),
        ("../README.html", "All"),
        ("incidents/fire.html", "Fire"),
        ("steps/README.html", "Steps"),
        ("steps/one.html", "One"),
        ("steps/two.html", "Two"),
    ]


WRONG = {
    "page": (
        "# A page\n\n[gone](gone.md)\n",
        "docs/page.md:3: WARNING: 'myst' cross-reference target not found: 'gone.md'",
    ),
    "file": (
        "# A file\n\n[gone](../gone.txt)\n",
        "docs/file.md:3: WARNING: 'myst' cross-reference target not found: '../gone.txt'",
    ),
    "outside": (
        "# Outside\n\n[outside](../../outside.md)\n",
        "docs/outside.md:3: WARNING: Unknown source document",
    ),
    "root": (
        "# Root\n\n[root](/docs/page.html)\n",
        "docs/root.md:3: WARNING: 'myst' cross-reference target not found: '/docs/page.html'",
    ),
    "scheme": (
        "# A scheme\n\n[wrong](htps://example.com)\n",
        "docs/scheme.md:3: WARNING: 'myst' cross-reference target not found: 'htps://example.com'",
    ),
    "section": (
        "# A section\n\n[gone](#nowhere)\n",
        "docs/section.md:3: WARNING: 'myst' cross-reference target not found: 'nowhere'",
    ),
    "elsewhere": (
        "# Elsewhere\n\n[gone](README.md#nowhere)\n",
        "docs/elsewhere.md:3: WARNING: local id not found in doc 'docs/README'",
    ),
    "picture": (
        "# A picture\n\n![gone](gone.png)\n",
        "docs/picture.md:3: WARNING: image file not readable: docs/gone.png",
    ),
    "code": ("# Code\n\n```python\n$ no python\n```\n", "docs/code.md:3: WARNING: Lexing literal_block"),
}
"""Pages with one mistake each, and the warning for it."""


def test_all_mistakes_are_reported_and_previous_site_is_kept(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")  # Sphinx would print colours there
    for name, (page, _) in WRONG.items():
        (checkout / f"docs/{name}.md").write_text(page)
    (tmp_path.parent / "outside.md").write_text("# Outside\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("the previous one")

    with pytest.raises(UserError) as error:
        docs.build(checkout, tmp_path / "site")

    heading, *lines = error.value.message.splitlines()
    assert heading == "The site was not built. Fix these warnings of Sphinx:"
    for _, warning in WRONG.values():
        assert [line for line in lines if line.startswith(warning)], error.value.message
    assert (tmp_path / "site/index.html").read_text() == "the previous one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "site"]
