"""Sphinx configuration. The pages are plain Markdown that any forge shows, without Sphinx directives.

The source folder is the project's root, so links between documents work in a checkout and in the site.
``./anb docs`` builds the site.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinxcontrib.mermaid import mermaid

project = "ANB Cloud"
language = "en"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
root_doc = "docs/README"
source_suffix = {".md": "markdown"}
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "UPGRADE.md",
    "constructs_lib/CHANGELOG.md",
    "docs/**",
    "benchmarks/*",
    "examples/*",
]
exclude_patterns = [".*", "node_modules", "cdktf.out"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
mermaid_use_local = "/mermaid"
mermaid_height = "auto"
mermaid_fullscreen = False

html_theme = "furo"
html_title = "ANB Cloud"
html_extra_path = ["_site"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_use_index = False
html_show_copyright = False
html_show_sphinx = False

LINK = re.compile(r"^#+ (?P<heading>.+)$|\]\((?P<target>[^)#\s]+\.md)", re.MULTILINE)


def add_contents(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn a README's links into the table of contents; pages of its folder without a link come last."""
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
    """Return the README that lists a page of ``docs``: that of its folder, or of the nearest parent with one."""
    folder = posixpath.dirname(page)
    if posixpath.basename(page) == "README":
        folder = posixpath.dirname(folder)
    while folder:
        if f"{folder}/README" in app.env.found_docs:
            return f"{folder}/README"
        folder = posixpath.dirname(folder)
    return ""


class UnlinkFolders(SphinxPostTransform):
    """Replace links to folders of the checkout by plain text, because folders have no page."""

    default_priority = 5

    def run(self, **kwargs: object) -> None:
        for link in list(self.document.findall(pending_xref)):
            target = Path(self.env.srcdir, posixpath.dirname(self.env.docname), link.get("reftarget", ""))
            if link.get("reftype") == "myst" and target.is_dir():
                link.replace_self(nodes.inline("", "", *link.children))


def set_language(app: Sphinx, page: str, template: str, context: dict[str, object], tree: object) -> None:
    """Set the language of Spanish pages, for browsers and screen readers."""
    if page.startswith("docs/es/"):
        context["language"] = "es"


def load_mermaid(
    app: Sphinx, page: str, template: str, context: dict[str, object], tree: nodes.document | None
) -> None:
    """Load Mermaid on the pages on which its extension imports it. Opened as files, pages cannot import a file."""
    if tree is None or tree.next_node(mermaid):
        app.add_js_file("mermaid.tiny.js", loading_method="defer", priority=100)
        imports = '{"imports": {"/mermaid": "data:text/javascript,export default mermaid"}}'
        app.add_js_file(None, body=imports, type="importmap", priority=100)


def setup(app: Sphinx) -> None:
    """Register the extensions; called by Sphinx."""
    app.connect("source-read", add_contents)
    app.connect("html-page-context", set_language)
    app.connect("html-page-context", load_mermaid)
    app.add_post_transform(UnlinkFolders)
