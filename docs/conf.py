"""Sphinx's configuration. The pages are plain Markdown that any forge shows, so nothing in them is Sphinx's own.

The folder of the sources is the project's, so that a link from one document to another means the same in a checkout
and in the site. ``./anb docs`` builds it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

project = "ANB Cloud"
language = "en"
extensions = ["myst_parser"]
root_doc = "docs/README"
source_suffix = {".md": "markdown"}
include_patterns = ["README.md", "CHANGELOG.md", "UPGRADE.md", "docs/**", "benchmarks/*", "examples/*"]
exclude_patterns = [".*", "node_modules", "cdktf.out"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = "ANB Cloud"
html_extra_path = ["_site"]
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False
html_use_index = False
html_show_copyright = False
html_show_sphinx = False

LINK = re.compile(r"^#+ (?P<heading>.+)$|\]\((?P<target>[^)#\s]+\.md)", re.MULTILINE)


def add_contents(app: Sphinx, page: str, source: list[str]) -> None:
    """Make a README's links the table of contents; what lies beside it and is not linked comes last."""
    if posixpath.basename(page) != "README" or not page.startswith("docs/"):
        return
    folder = posixpath.dirname(page)
    theirs = sorted(found for found in app.env.found_docs if _home(app, found) == page)
    groups: dict[str, list[str]] = {"": []}
    caption, seen = "", {page}
    for found in LINK.finditer(source[0]):
        if found["heading"]:
            caption = found["heading"]
            continue
        target = posixpath.normpath(posixpath.join(folder, found["target"])).removesuffix(".md")
        beyond = page == root_doc and not target.startswith("docs/")
        if target not in seen and (target in theirs or beyond):
            seen.add(target)
            groups.setdefault(caption, []).append(target)
    groups[""] += [each for each in theirs if each not in seen]
    for caption, pages in sorted(groups.items(), key=lambda group: not group[0]):
        if not pages:
            continue
        head = [":hidden:", *([f":caption: {caption}"] if caption and page == root_doc else [])]
        lines = [*head, "", *(f"/{each}" for each in pages)]
        source[0] += "\n```{toctree}\n" + "\n".join(lines) + "\n```\n"


def _home(app: Sphinx, page: str) -> str:
    """The README that a page of ``docs`` belongs to: of its folder, or of the nearest above that has one."""
    folder = posixpath.dirname(page)
    if posixpath.basename(page) == "README":
        folder = posixpath.dirname(folder)
    while folder:
        if f"{folder}/README" in app.env.found_docs:
            return f"{folder}/README"
        folder = posixpath.dirname(folder)
    return ""


class FoldersAreNoPages(SphinxPostTransform):
    """A link to a folder of the checkout is its name in the site."""

    default_priority = 5

    def run(self, **kwargs: object) -> None:
        for link in list(self.document.findall(pending_xref)):
            target = Path(self.env.srcdir, posixpath.dirname(self.env.docname), link.get("reftarget", ""))
            if link.get("reftype") == "myst" and target.is_dir():
                link.replace_self(nodes.inline("", "", *link.children))


def speak_its_language(app: Sphinx, page: str, template: str, context: dict[str, object], tree: object) -> None:
    """Tell browsers and screen readers which pages are in Spanish."""
    if page.startswith("docs/es/"):
        context["language"] = "es"


def setup(app: Sphinx) -> None:
    """What Sphinx calls first."""
    app.connect("source-read", add_contents)
    app.connect("html-page-context", speak_its_language)
    app.add_post_transform(FoldersAreNoPages)
