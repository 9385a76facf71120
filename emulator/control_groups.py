"""Control groups, version 2: one for each machine, so that its systemd rules over its own processes alone."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

_REMOVE_SECONDS = 30.0


def hierarchy() -> Path | None:
    """Where control groups of version 2 are mounted, beside the older ones or alone."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.split()[0] == "cgroup2":
            return Path(fields.split()[4])
    return None


def make(name: str) -> Path:
    """Make a group.

    Args:
        name: its path below the root of all groups.
    """
    root = hierarchy()
    if root is None:
        raise RuntimeError("no control groups of version 2 are mounted; `why_not` says so before")
    group = root / name
    group.mkdir(parents=True, exist_ok=True)
    return group


def joining(group: Path, *command: str) -> list[str]:
    """A command line that puts itself into a group and then runs a program."""
    return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(group / "cgroup.procs"), *command]


def remove(group: Path) -> None:
    """End every process of a group and of those below it, and remove them.

    Raises:
        TimeoutError: they do not end.
    """
    with contextlib.suppress(FileNotFoundError):
        (group / "cgroup.kill").write_text("1")
    deadline = time.monotonic() + _REMOVE_SECONDS
    while group.exists():
        folders = sorted((each for each in group.rglob("*") if each.is_dir()), reverse=True)
        with contextlib.suppress(OSError):
            for each in (*folders, group):
                each.rmdir()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the processes of {group} do not end")
        time.sleep(0.05)
