"""The command `release`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from operations.release.build import Built, build, checkout
from operations.release.packages import MACHINES
from workspace import paths


@click.command()
@click.option(
    "--architecture",
    type=click.Choice(list(MACHINES)),
    default="x86_64",
    show_default=True,
    help="Architecture of the instances, independent of this machine's.",
)
@click.option("--commit", help="Build this commit instead of the working copy, to redeploy an earlier release.")
def release(architecture: str, commit: str | None) -> None:
    """Build the release of each service: its code and its packages.

    Packages are wheels, verified against the hashes of Pipfile.lock. Builds are reproducible: a commit has the same
    hashes on every machine. `cdktf deploy` uploads the last build.
    """
    console = Console()
    target = paths.CACHE_DIR / "release" / architecture
    with checkout(paths.ROOT, commit) as sources:
        built = build(sources, target, architecture, console, wheels=paths.CACHE_DIR / "wheels")
    click.echo(summary(built))
    click.echo(f"{built.version} of commit {built.commit}, in {_short(target)}")


def summary(built: Built) -> str:
    """Format the archives with their sizes and content hashes."""
    lines = []
    for service, parts in built.parts.items():
        lines += [f"{part.file:<28}{part.bytes / 1e6:>8.2f} MB  {part.sha256}" for part in parts.values()]
        lines.append(f"{service + ' total':<28}{sum(part.bytes for part in parts.values()) / 1e6:>8.2f} MB")
    return "\n".join(lines)


def _short(path: Path) -> str:
    return str(path.relative_to(paths.ROOT)) if path.is_relative_to(paths.ROOT) else str(path)
