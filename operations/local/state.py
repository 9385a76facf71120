"""State file of the local system; only the supervisor that holds its lock may change it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from workspace.errors import UserError
from workspace.processes import ProcessRecord, start_time

STARTING, RUNNING, STOPPING = "starting", "running", "stopping"


@dataclass(frozen=True, kw_only=True)
class SystemState:
    """State of a supervisor and its child processes."""

    phase: str
    supervisor: ProcessRecord
    url: str
    infra: bool
    children: dict[str, ProcessRecord] = field(default_factory=dict)
    bucket: str = ""


class StateFile:
    """State file in the local directory.

    Args:
        folder: Local directory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "state.json"

    def read(self) -> SystemState | None:
        """Return the last supervisor's state; None if it stopped cleanly or never ran."""
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
        """Replace the file atomically."""
        partial = self._file.with_suffix(".new")
        partial.write_text(json.dumps(asdict(state), indent=2))
        partial.replace(self._file)

    def update(self, **changes: Any) -> SystemState:
        """Change some fields; return the new state."""
        state = self.read()
        assert state is not None, "no state was written yet"
        state = replace(state, **changes)
        self.write(state)
        return state

    def clear(self) -> None:
        """Delete the state: nothing is running."""
        self._file.unlink(missing_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the supervisor's lock during the block. The lock is released if the process dies.

        Raises:
            UserError: Another supervisor holds the lock.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "supervisor.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(self._already_running()) from None
            yield

    def _already_running(self) -> str:
        state = self.read()
        if state is None or state.phase == STARTING:
            return "Another ./anb up is starting. ./anb status shows how far it is; ./anb down stops it."
        if state.phase == STOPPING:
            return "It is being stopped. Run ./anb up again afterwards."
        return f"Already up at {state.url}. ./anb down stops it."


def this_process() -> ProcessRecord:
    """Return the record of this process."""
    return process_record(os.getpid())


def process_record(pid: int, port: int | None = None) -> ProcessRecord:
    """Return the record of a process that was just started."""
    return ProcessRecord(pid, start_time(pid) or 0.0, port)
