"""What is up on this machine, in one file, and who may change it: the one supervisor that holds the lock."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from workspace.errors import UserError
from workspace.processes import ProcessRecord, start_time

STARTING, RUNNING, STOPPING = "starting", "running", "stopping"


@dataclass(frozen=True, kw_only=True)
class SystemState:
    """What a supervisor says about itself."""

    phase: str
    supervisor: ProcessRecord
    url: str
    infra: bool
    children: dict[str, ProcessRecord] = field(default_factory=dict)
    bucket: str = ""


class StateFile:
    """The state of the system in a folder.

    Args:
        folder: the local directory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "state.json"

    def read(self) -> SystemState | None:
        """What the last supervisor said; None when it ended in order, or there never was one."""
        try:
            values: dict[str, Any] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return None
        except ValueError:
            raise UserError(f"{self._file} cannot be read; remove it and run ./anb up again.") from None
        values["supervisor"] = ProcessRecord(**values["supervisor"])
        values["children"] = {name: ProcessRecord(**member) for name, member in values["children"].items()}
        return SystemState(**values)

    def write(self, state: SystemState) -> None:
        """Replace the file at once: a reader never sees half of it."""
        partial = self._file.with_suffix(".new")
        partial.write_text(json.dumps(asdict(state), indent=2))
        partial.replace(self._file)

    def update(self, **changes: Any) -> SystemState:
        """Change some fields; returns the new state."""
        state = self.read()
        assert state is not None, "nothing was written before"
        state = replace(state, **changes)
        self.write(state)
        return state

    def clear(self) -> None:
        """Say that nothing is up."""
        self._file.unlink(missing_ok=True)

    @contextmanager
    def own(self) -> Iterator[None]:
        """Be the only supervisor while the block runs; the system lets go of the lock when the process dies.

        Raises:
            UserError: another supervisor is at work.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "supervisor.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(self._already()) from None
            yield

    def _already(self) -> str:
        state = self.read()
        if state is None or state.phase == STARTING:
            return "Another ./anb up is starting. ./anb status shows how far it is; ./anb down stops it."
        if state.phase == STOPPING:
            return "It is just being stopped. Run ./anb up again when that is done."
        return f"Already up at {state.url}. ./anb down stops it."


def this_process() -> ProcessRecord:
    """The process that asks."""
    return ProcessRecord(os.getpid(), psutil.Process().create_time())


def member(pid: int, port: int | None = None) -> ProcessRecord:
    """A process that was just started."""
    return ProcessRecord(pid, start_time(pid) or 0.0, port)
