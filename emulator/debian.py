"""A Debian 13 root file system like the one on EC2, built once and cached; machines boot a temporary layer above it."""

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
"""Packages of Debian's EC2 image that instances rely on; nothing else is installed."""

_CLOUD_INIT = """\
# In a container cloud-init does not detect EC2, and no network card is hot-plugged.
datasource_list: [Ec2]
network: {config: disabled}
updates: {network: {when: [boot-new-instance]}}
"""
_CONTENT = (SUITE, *PACKAGES, _CLOUD_INIT)


def root_name() -> str:
    """Return the name of the root; it holds a hash of the packages and the configuration."""
    return f"debian-{SUITE}-{hashlib.sha256(repr(_CONTENT).encode()).hexdigest()[:12]}"


def ensure_root(folder: Path, console: Console) -> Path:
    """Build a Debian 13 root with debootstrap if it does not exist.

    Args:
        folder: Where roots are cached.
        console: Where progress is shown.

    Raises:
        UserError: The root cannot be built.
    """
    root = folder / root_name()
    if root.exists():
        return root
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{root.name}.{os.getpid()}"
    try:
        with step("Building a Debian 13 root", console) as current:
            _build(partial, current)
        partial.rename(root)
    except OSError as error:
        if not root.exists():  # Else another process built it first.
            raise UserError(f"The Debian 13 root cannot be moved to {root}: {error.strerror}.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return root


def mirror() -> list[str]:
    """Return the Debian mirror that this machine's apt uses; empty for debootstrap's default."""
    if not shutil.which("apt-get"):
        return []
    targets = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"])
    return targets.split()[:1]


def _build(root: Path, current: Step) -> None:
    root.mkdir()
    with tempfile.TemporaryDirectory(prefix="anb-") as folder:
        # debootstrap's own script breaks in a path with spaces.
        link = Path(folder) / "root"
        link.symlink_to(root)
        run(["debootstrap", "--variant=minbase", SUITE, str(link), *mirror()], on_line=current.note)
    inside = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", f"--directory={root}"]
    # apt installs the packages, because debootstrap cannot choose a provider of a virtual package.
    apt = [*inside, "apt-get", "-qq", "-y", "--no-install-recommends"]
    run([*apt, "update"], on_line=current.note)
    run([*apt, "install", *PACKAGES], on_line=current.note)
    run([*inside, "apt-get", "clean"])
    (root / "etc/cloud/cloud.cfg.d/90-ec2.cfg").write_text(_CLOUD_INIT)
    # cloud-init requests an address by DHCP before it contacts EC2; machines here have a static one.
    (root / "usr/sbin/dhcpcd").unlink()
    # A fresh image has no host name, no resolver and no machine ID.
    for file in ("etc/hostname", "etc/resolv.conf", "var/lib/dbus/machine-id"):
        (root / file).unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("")
    current.note("cached")
