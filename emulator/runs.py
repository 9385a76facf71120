"""Run folders, and cleanup after killed runs: processes, mounts, networks."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from emulator import control_groups
from emulator.machine import unmount
from emulator.network import remove_namespace
from workspace.processes import ProcessRecord, start_time, stop_tree

_OWNER, _CHILDREN = "owner.json", "children.jsonl"


class EmulatorRun:
    """A run of the emulator.

    Args:
        folder: Folder to create.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / _OWNER).write_text(_to_line(os.getpid()))

    @property
    def name(self) -> str:
        """Name of the run, unique on this computer."""
        return self.folder.name

    def track(self, pid: int) -> None:
        """Record a process that must not outlive the run."""
        with (self.folder / _CHILDREN).open("a") as children:
            children.write(_to_line(pid))


@contextlib.contextmanager
def open_run(parent: Path) -> Iterator[EmulatorRun]:
    """Open a new run; clean up killed runs before, and this run afterwards.

    Args:
        parent: Folder of the run folders.
    """
    clean_stale_runs(parent)
    run = EmulatorRun(parent / f"anb-{secrets.token_hex(4)}")
    try:
        yield run
    finally:
        clean(run.folder)


def clean_stale_runs(parent: Path) -> int:
    """Clean up runs whose process has died; return their number."""
    count = 0
    for folder in parent.iterdir() if parent.exists() else []:
        owner = _read(folder / _OWNER)
        if not any(member.alive for member in owner):
            clean(folder)
            count += 1
    return count


def clean(folder: Path) -> None:
    """Stop the processes of a run and delete its resources."""
    groups = control_groups.hierarchy()
    if groups:
        control_groups.remove(groups / folder.name)
    for child in _read(folder / _CHILDREN):
        if child.alive:
            stop_tree(child.pid, signal.SIGKILL, grace_seconds=10)
    for mount_point in sorted(_mounts(folder), reverse=True):
        unmount(mount_point)
    remove_namespace(folder.name)
    shutil.rmtree(folder, ignore_errors=True)


def _mounts(folder: Path) -> list[Path]:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    # mountinfo escapes a space as \040.
    paths = [Path(point.encode().decode("unicode_escape")) for point in points]
    return [path for path in paths if path.is_relative_to(folder)]


def _to_line(pid: int) -> str:
    return json.dumps(asdict(ProcessRecord(pid, start_time(pid) or 0.0))) + "\n"


def _read(file: Path) -> list[ProcessRecord]:
    return [ProcessRecord(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
