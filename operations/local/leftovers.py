"""Clean up after a killed supervisor: its child processes, and objects that only they hold."""

from __future__ import annotations

import signal
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from emulator import aws
from emulator.objects import save_objects
from operations.local.state import StateFile, SystemState
from workspace.processes import stop_tree
from workspace.progress import step

_ORDER = ("portal", "worker", "aws", "database")


def clean(file: StateFile, folder: Path, console: Console) -> bool:
    """Stop the processes of a dead supervisor, save its bucket's objects, and clear its state.

    Args:
        file: State file; the caller holds its lock.
        folder: Local directory.
        console: Where progress is shown.

    Returns:
        Whether there was anything to clean.
    """
    state = file.read()
    if state is None:
        return False
    with step("Cleaning up after a run that was killed", console):
        for name in _ORDER:
            child = state.children.get(name)
            if child and child.alive:
                if name == "aws":
                    _save_objects(state, folder)
                # SIGINT is PostgreSQL's fast shutdown; the other programs stop on it too.
                stop_tree(child.pid, signal.SIGINT, grace_seconds=10)
    file.clear()
    return True


def _save_objects(state: SystemState, folder: Path) -> None:
    port = state.children["aws"].port
    if not state.bucket or port is None:
        return
    try:
        save_objects(aws.client("s3", port), state.bucket, folder / "objects")
    except (BotoCoreError, ClientError):
        # The next start removes videos without objects.
        return
