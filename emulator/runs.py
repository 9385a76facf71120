"""The folder of a run, and what a run that was killed left behind: processes, mounts, networks."""

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
    """A run in a folder of its own.

    Args:
        folder: new and empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / _OWNER).write_text(_member(os.getpid()))

    @property
    def name(self) -> str:
        """Names it on this machine."""
        return self.folder.name

    def remember(self, pid: int) -> None:
        """Note a process that must not outlive the run."""
        with (self.folder / _CHILDREN).open("a") as children:
            children.write(_member(pid))


@contextlib.contextmanager
def open_run(parent: Path) -> Iterator[EmulatorRun]:
    """A new run; what killed runs left is cleaned up before, and what this one leaves afterwards.

    Args:
        parent: where the folders of runs are.
    """
    sweep(parent)
    run = EmulatorRun(parent / f"anb-{secrets.token_hex(4)}")
    try:
        yield run
    finally:
        clean(run.folder)


def sweep(parent: Path) -> int:
    """Clean up after the runs whose process is gone; gives how many there were."""
    swept = 0
    for folder in parent.iterdir() if parent.exists() else []:
        owner = _read(folder / _OWNER)
        if not any(member.alive for member in owner):
            clean(folder)
            swept += 1
    return swept


def clean(folder: Path) -> None:
    """End what a run started and remove what it made."""
    groups = control_groups.hierarchy()
    if groups:
        control_groups.remove(groups / folder.name)
    for child in _read(folder / _CHILDREN):
        if child.alive:
            stop_tree(child.pid, signal.SIGKILL, grace_seconds=10)
    for mounted in sorted(_mounts(folder), reverse=True):
        unmount(mounted)
    remove_namespace(folder.name)
    shutil.rmtree(folder, ignore_errors=True)


def _mounts(folder: Path) -> list[Path]:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    # A space is written \040 there.
    paths = [Path(point.encode().decode("unicode_escape")) for point in points]
    return [path for path in paths if path.is_relative_to(folder)]


def _member(pid: int) -> str:
    return json.dumps(asdict(ProcessRecord(pid, start_time(pid) or 0.0))) + "\n"


def _read(file: Path) -> list[ProcessRecord]:
    return [ProcessRecord(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
