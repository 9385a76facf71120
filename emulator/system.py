"""Requirements for booting containers: Linux, root, debootstrap and systemd-nspawn."""

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
"""Required programs with their Debian packages."""


def unsupported_reason() -> str | None:
    """Return why this machine cannot boot containers; None if it can, or can after installing packages."""
    if sys.platform != "linux":
        return f"containers need Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return "containers need root; run with sudo, or as root in a virtual machine"
    if control_groups.hierarchy() is None:
        return "control groups version 2 are not mounted; mount them at or below /sys/fs/cgroup"
    missing = [program for program in PACKAGES if not shutil.which(program)]
    if missing and not shutil.which("apt-get"):
        return f"{' and '.join(missing)} are missing; install {' and '.join(PACKAGES[each] for each in missing)}"
    return None


def ensure_programs() -> None:
    """Install missing programs with apt-get.

    Raises:
        UnsupportedHost: This machine cannot boot containers.
        UserError: A package cannot be installed.
    """
    reason = unsupported_reason()
    if reason:
        raise UnsupportedHost(f"The instances lane cannot run here: {reason}.")
    packages = sorted({package for program, package in PACKAGES.items() if not shutil.which(program)})
    if packages:
        apt.install(packages)


def run(command: list[str], *, on_line: Callable[[str], None] | None = None) -> str:
    """Run a system program and wait for it.

    Args:
        command: Program and arguments.
        on_line: Called with each line of its output.

    Returns:
        Its output, including stderr.

    Raises:
        UserError: The program failed.
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
