"""The root of a Debian 13 like the one on EC2, made once and kept; every machine boots a throw-away layer above it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from rich.console import Console

from emulator.system import run
from workspace.errors import UserError
from workspace.progress import Step, step

SUITE = "trixie"
PACKAGES = (
    "ca-certificates",
    "cloud-init",
    "curl",
    "dbus",
    "iproute2",
    "netbase",
    "openssh-server",
    "procps",
    "python3",
    "systemd",
    "systemd-sysv",
    "systemd-timesyncd",
    "tzdata",
    "udev",
)
"""What Debian's image for EC2 has and the instances count on: nothing else may be there."""

_CLOUD_INIT = """\
# In a container cloud-init does not look for the signs of EC2, and no network card is plugged in while it runs.
datasource_list: [Ec2]
network: {config: disabled}
updates: {network: {when: [boot-new-instance]}}
"""
_BOTH = (SUITE, *PACKAGES, _CLOUD_INIT)


def root_name() -> str:
    """The name of the root made of these packages: another list is another root."""
    return f"debian-{SUITE}-{hashlib.sha256(repr(_BOTH).encode()).hexdigest()[:12]}"


def ensure_root(folder: Path, console: Console) -> Path:
    """The root of a Debian 13, made with debootstrap unless it is there already.

    Args:
        folder: where roots are kept.
        console: where the progress is shown.

    Raises:
        UserError: it cannot be made.
    """
    root = folder / root_name()
    if root.exists():
        return root
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{root.name}.{os.getpid()}"
    try:
        with step("Making a Debian 13 to boot", console) as current:
            _make(partial, current)
        partial.rename(root)
    except OSError as problem:
        if not root.exists():  # somebody else was faster
            raise UserError(f"The Debian 13 cannot be put in {root}: {problem.strerror}.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return root


def mirror() -> list[str]:
    """The mirror this machine's own apt uses for Debian, if it is a Debian; else debootstrap knows one."""
    if not shutil.which("apt-get"):
        return []
    targets = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"])
    return targets.split()[:1]


def _make(root: Path, current: Step) -> None:
    root.mkdir()
    with tempfile.TemporaryDirectory(prefix="anb-") as folder:
        # debootstrap's own script breaks in a path with spaces.
        link = Path(folder) / "root"
        link.symlink_to(root)
        run(["debootstrap", "--variant=minbase", SUITE, str(link), *mirror()], on_line=current.note)
    inside = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", f"--directory={root}"]
    # apt and not debootstrap, which cannot choose among the providers of a package that is only a name.
    apt = [*inside, "apt-get", "-qq", "-y", "--no-install-recommends"]
    run([*apt, "update"], on_line=current.note)
    run([*apt, "install", *PACKAGES], on_line=current.note)
    run([*inside, "apt-get", "clean"])
    (root / "etc/cloud/cloud.cfg.d/90-ec2.cfg").write_text(_CLOUD_INIT)
    # Before it asks EC2, cloud-init asks for an address by DHCP; a machine here has one.
    (root / "usr/sbin/dhcpcd").unlink()
    # An image has never been booted: it has no name, no address and no identity of its own.
    for file in ("etc/hostname", "etc/resolv.conf", "var/lib/dbus/machine-id"):
        (root / file).unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("")
    current.note("kept for the next time")
