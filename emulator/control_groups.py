"""Control groups, version 2: one per machine, so that its systemd manages only its own processes."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

_REMOVE_SECONDS = 30.0


def hierarchy() -> Path | None:
    """Return the mount point of control groups version 2; None if not mounted."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.split()[0] == "cgroup2":
            return Path(fields.split()[4])
    return None


def create(name: str) -> Path:
    """Create a control group.

    Args:
        name: Path below the root group.
    """
    root = hierarchy()
    if root is None:
        raise RuntimeError("control groups version 2 are not mounted; check `unsupported_reason` first")
    group = root / name
    group.mkdir(parents=True, exist_ok=True)
    return group


def run_in(group: Path, *command: str) -> list[str]:
    """Return a command line that joins a group and then runs a program."""
    return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(group / "cgroup.procs"), *command]


def remove(group: Path) -> None:
    """Kill all processes of a group and its subgroups, and remove the groups.

    Raises:
        TimeoutError: The processes did not end.
    """
    with contextlib.suppress(FileNotFoundError):
        (group / "cgroup.kill").write_text("1")
    deadline = time.monotonic() + _REMOVE_SECONDS
    while group.exists():
        folders = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
        with contextlib.suppress(OSError):
            for folder in (*folders, group):
                folder.rmdir()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the processes of {group} did not end")
        time.sleep(0.05)
