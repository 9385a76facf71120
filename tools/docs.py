"""Build the documents as a site with Sphinx, in its own virtual environment. Warnings and dead links are errors."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import click

from workspace import node, paths, virtualenv
from workspace.errors import UserError

REQUIREMENTS = ("sphinx==9.0.4", "myst-parser==5.2.0", "furo==2025.12.19", "sphinxcontrib-mermaid==2.1.1")
MERMAID = "node_modules/@mermaid-js/tiny/dist"
SITE = paths.CACHE_DIR / "site"
FIRST = "index.html"


@click.command()
def docs() -> None:
    """Build the documents as a site and print its path."""
    build(paths.ROOT, SITE)
    click.echo(f"{len(list(SITE.rglob('*.html')))} pages; the first: {SITE / FIRST}")


def prepare() -> Path:
    """Install Sphinx and Mermaid; return the Python of their environment."""
    python = virtualenv.ensure("docs", REQUIREMENTS)
    environment = python.parent.parent
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(paths.ROOT / "docs" / name, environment / name)
    node.ensure_modules(environment, node.node_folder())
    return python


def build(root: Path, site: Path) -> None:
    """Build the site; replace a previous one only on success.

    Args:
        root: a checkout, or the part of it with the documents.
        site: output folder.

    Raises:
        UserError: all warnings of Sphinx.
    """
    site.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.parent) as folder:
        built = Path(folder) / "site"
        # Without the cache of the previous run: pages that are not read again would not warn again.
        options = ["--quiet", "--no-color", "--fresh-env", "--fail-on-warning", "--nitpicky"]
        options += ["--doctree-dir", f"{folder}/read"]
        python = prepare()
        options += ["--define", f"html_static_path=_static,{python.parent.parent / MERMAID}"]
        command = [str(python), "-m", "sphinx", *options, "--conf-dir", str(root / "docs"), str(root), str(built)]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            warnings = (result.stderr or result.stdout).strip().replace(f"{root}/", "")
            raise UserError(f"The site was not built. Fix these warnings of Sphinx:\n{warnings}")
        shutil.rmtree(site, ignore_errors=True)
        built.rename(site)
