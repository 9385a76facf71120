"""What booting containers needs of this machine: Linux, root, debootstrap and systemd-nspawn."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from emulator import control_groups
from workspace import apt
from workspace.errors import UnsupportedHost, UserError

PACKAGES = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "ip": "iproute2"}
"""The Debian package of each program."""


def why_not() -> str | None:
    """Why containers cannot be booted on this machine; None when they can, or could with packages installed."""
    if sys.platform != "linux":
        return f"a Debian 13 is booted in a container of Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return "containers are booted as root; run it with sudo, or as root in a virtual machine"
    if control_groups.hierarchy() is None:
        return "no control groups of version 2 are mounted; mount them at /sys/fs/cgroup or below it"
    missing = [program for program in PACKAGES if not shutil.which(program)]
    if missing and not shutil.which("apt-get"):
        return f"{' and '.join(missing)} cannot be found; install {' and '.join(PACKAGES[each] for each in missing)}"
    return None


def ensure_programs() -> None:
    """Install what is missing, with apt-get.

    Raises:
        UnsupportedHost: this machine cannot boot containers.
        UserError: a package cannot be installed.
    """
    reason = why_not()
    if reason:
        raise UnsupportedHost(f"The lane instances cannot run here: {reason}.")
    packages = sorted({package for program, package in PACKAGES.items() if not shutil.which(program)})
    if packages:
        apt.install(packages)


def run(command: list[str], *, on_line: Callable[[str], None] | None = None) -> str:
    """Run a program of the system to its end.

    Args:
        command: with its arguments.
        on_line: told each line of its output.

    Returns:
        Its output, errors among it.

    Raises:
        UserError: it failed.
    """
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if on_line:
                on_line(line.rstrip())
    if process.returncode != 0:
        raise UserError(f"{' '.join(command)} failed: {''.join(lines).strip()[-1500:]}")
    return "".join(lines)
