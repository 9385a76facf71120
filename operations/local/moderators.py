"""The command `moderator`: says who may moderate the portal that is up on this machine."""

from __future__ import annotations

import subprocess
import sys

import click
import psutil

from operations.local.state import RUNNING, StateFile
from workspace import paths
from workspace.errors import UserError


@click.command()
@click.argument("verb", type=click.Choice(["grant", "revoke"]))
@click.argument("email")
def moderator(verb: str, email: str) -> None:
    """Let the person with the account EMAIL moderate, or no longer.

    For the portal of ./anb up. On an instance: python -m services.contest.moderators.
    """
    state = StateFile(paths.local_directory()).read()
    portal = state.children.get("portal") if state is not None and state.phase == RUNNING else None
    if portal is None or not portal.alive:
        raise UserError("Nothing is up. Start it with ./anb up.")
    done = subprocess.run(
        [sys.executable, "-m", "services.contest.moderators", verb, email],
        env=psutil.Process(portal.pid).environ(),
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise UserError(done.stderr.strip())
    click.echo(done.stdout.strip())
