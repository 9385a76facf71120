"""The command `moderator`: says who may moderate the portal that is up on this machine."""

from __future__ import annotations

import subprocess
import sys

import click
import psutil

from operations import project
from operations.errors import UserError
from operations.local.state import RUNNING, StateFile


@click.command()
@click.argument("verb", type=click.Choice(["appoint", "dismiss"]))
@click.argument("email")
def moderator(verb: str, email: str) -> None:
    """Let the person with the account EMAIL moderate, or no longer.

    For the portal of ./anb up. On an instance: python -m services.core.moderators.
    """
    state = StateFile(project.local_directory()).read()
    portal = state.children.get("portal") if state is not None and state.phase == RUNNING else None
    if portal is None or not portal.alive:
        raise UserError("Nothing is up. Start it with ./anb up.")
    done = subprocess.run(
        [sys.executable, "-m", "services.core.moderators", verb, email],
        env=psutil.Process(portal.pid).environ(),
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise UserError(done.stderr.strip())
    click.echo(done.stdout.strip())
