"""The documents as a site, made by Sphinx in a virtual environment of its own. A warning or a dead link stops it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import click

from tools import site_links
from workspace import paths, virtualenv
from workspace.errors import UserError

REQUIREMENTS = ("sphinx==9.0.4", "myst-parser==5.2.0", "furo==2025.12.19")
SITE = paths.CACHE_DIR / "site"
FIRST = "index.html"


@click.command()
def docs() -> None:
    """Build the documents as a site, and say where it is."""
    build(paths.ROOT, SITE)
    click.echo(f"{len(list(SITE.rglob('*.html')))} pages; the first: {SITE / FIRST}")


def prepare() -> Path:
    """Install the generator; returns the Python that has it."""
    return virtualenv.ensure("docs", REQUIREMENTS)


def build(root: Path, site: Path) -> None:
    """Build the site anew. One that was there is replaced once all is well.

    Args:
        root: a checkout, or the part of it that has the documents.
        site: gets the site.

    Raises:
        UserError: with every warning of the generator, or every dead link.
    """
    site.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.parent) as folder:
        made = Path(folder) / "site"
        # What was read before is not kept: a page that is not read again would not warn again.
        options = ["--quiet", "--no-color", "--fresh-env", "--fail-on-warning", "--nitpicky"]
        options += ["--doctree-dir", f"{folder}/read"]
        command = [str(prepare()), "-m", "sphinx", *options, "--conf-dir", str(root / "docs"), str(root), str(made)]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            said = (result.stderr or result.stdout).strip().replace(f"{root}/", "")
            raise UserError(f"The documents are no site yet. Mend what Sphinx says:\n{said}")
        if dead := site_links.dead(made):
            raise UserError("The site has dead links:\n" + "\n".join(dead))
        shutil.rmtree(site, ignore_errors=True)
        made.rename(site)
