"""A machine: a Debian 13 in a container of systemd-nspawn, booted as EC2 boots an instance."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from emulator import control_groups
from emulator.network import BRIDGE, METADATA_ADDRESS, SUBNET, NetworkNamespace
from emulator.system import run
from workspace.errors import UserError
from workspace.processes import Child, ManagedProgram, last_lines

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

# An instance of the Xen family shows this; cloud-init looks here for EC2 in a container too, where it ignores the BIOS.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html
_HYPERVISOR = "ec2e1916-9099-7caf-fd21-012345abcdef\n"

# On EC2 cloud-init gets the address by DHCP before it asks for anything.
_CARD = """\
[Unit]
Description=Network card
DefaultDependencies=no
Before=cloud-init-main.service network-pre.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/ip addr add {address}/{prefix} dev host0
ExecStart=/usr/sbin/ip link set host0 up
ExecStart=/usr/sbin/ip route add {metadata}/32 dev host0

[Install]
WantedBy=sysinit.target
"""
_JOURNAL = "[Journal]\nStorage=persistent\nForwardToConsole=yes\nMaxLevelConsole=info\nTTYPath=/dev/console\n"
_MANAGER = f"[Manager]\nDefaultEnvironment=AWS_CA_BUNDLE={CA_BUNDLE} SSL_CERT_FILE={CA_BUNDLE}\n"


@dataclass(frozen=True, kw_only=True)
class MachineOptions:
    """How a machine is made.

    Args:
        name: its name on this computer and on the network.
        address: on the network.
        hosts: the addresses it knows by name; it knows no others.
        authority: the certificate, in PEM, that signs whatever it talks to.
    """

    name: str
    address: str
    hosts: Mapping[str, str] = field(default_factory=dict)
    authority: str = ""


class Machine:
    """A machine above a root that it shares with others and does not change.

    Args:
        root: what `ensure_root` made.
        folder: of its own; gets what it writes, and `console.log`.
        network: what it is wired to.
        options: how it is made.
    """

    def __init__(self, root: Path, folder: Path, network: NetworkNamespace, options: MachineOptions) -> None:
        self.name = options.name
        self.address = options.address
        self.console = folder / "console.log"
        self._folder = folder
        self._network = network
        self._options = options
        self._lower = root
        self._root = folder / "root"
        self._nspawn: Child | None = None
        self.started_at = 0.0

    def start(self) -> None:
        """Boot it; it then goes its own way."""
        for each in ("root", "upper", "work", "hypervisor"):
            (self._folder / each).mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir={self._lower},upperdir={self._folder / 'upper'},workdir={self._folder / 'work'}"
        run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self._root)])
        try:
            self._write_files()
            self.started_at = time.time()
            self._nspawn = Child(self._program())
        except BaseException:
            self.stop()
            raise

    @property
    def _group(self) -> str:
        return f"{self._network.name}/{self.name}"

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._nspawn is not None and psutil.pid_exists(self._nspawn.pid) and self._init() is not None

    def execute(self, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command in it as root.

        Args:
            command: with its arguments.
            timeout: in seconds.
        """
        init = self._init()
        if init is None:
            raise UserError(f"The machine {self.name} does not run.\n{last_lines(self.console, 30)}")
        enter = [
            "nsenter",
            "--target",
            str(init),
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--cgroup",
            "--root",
            "--wd",
        ]
        return subprocess.run(
            [*enter, "--", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"},
        )

    def wait_until(self, ready: Callable[[], bool], *, what: str, seconds: float) -> None:
        """Wait for something to be so.

        Args:
            ready: asked ten times a second.
            what: is waited for, in words for the error.
            seconds: after this long it is given up.

        Raises:
            ProcessEnded: the machine ended instead.
            TimeoutError: it took too long.
        """
        assert self._nspawn is not None
        deadline = time.monotonic() + seconds
        while not ready():
            self._nspawn.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: {what} after {seconds:g} s: no.\n{last_lines(self.console, 40)}")
            time.sleep(0.1)

    def wait_for_user_data(self, *, seconds: float = 180) -> str:
        """Wait until cloud-init has done all it does.

        Returns:
            How it went, in cloud-init's words: "done" or "error".
        """
        status = ""

        def finished() -> bool:
            nonlocal status
            if self._init() is not None:
                text = self.execute("cloud-init", "status").stdout
                status = text.partition("status:")[2].strip()
            return status in ("done", "error", "disabled")

        self.wait_until(finished, what="cloud-init has finished", seconds=seconds)
        return status

    def user_data_output(self) -> str:
        """What its user-data printed so far."""
        file = self._root / "var/log/cloud-init-output.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def journal(self, *arguments: str) -> str:
        """Its journal.

        Args:
            arguments: journalctl's, such as a unit.
        """
        return self.execute("journalctl", "--no-pager", "--output=short-precise", *arguments).stdout

    def power_off(self, *, seconds: float = 90) -> None:
        """Let it shut down, as EC2 does before it takes an instance away: its services get their SIGTERM."""
        if self._nspawn:
            self._nspawn.stop(grace_seconds=seconds)
            self._nspawn = None

    def stop(self) -> None:
        """End it at once, and take away all it has but its folder's logs."""
        group = control_groups.hierarchy()
        if group:
            control_groups.remove(group / self._group)
        if self._nspawn:
            self._nspawn.stop(grace_seconds=0)
            self._nspawn = None
        unmount(self._root)
        for each in ("upper", "work"):
            shutil.rmtree(self._folder / each, ignore_errors=True)

    def _write_files(self) -> None:
        (self._folder / "hypervisor/uuid").write_text(_HYPERVISOR)
        named = {"localhost": "127.0.0.1", **self._options.hosts}
        texts = {
            "etc/systemd/system/card.service": _CARD.format(
                address=self.address, prefix=SUBNET.prefixlen, metadata=METADATA_ADDRESS
            ),
            "etc/hosts": "".join(f"{address} {name}\n" for name, address in named.items()),
            "etc/systemd/journald.conf.d/console.conf": _JOURNAL,
            "etc/systemd/system.conf.d/authority.conf": _MANAGER,
        }
        for path, text in texts.items():
            file = self._root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        wants = self._root / "etc/systemd/system/sysinit.target.wants"
        (wants / "card.service").symlink_to("../card.service")
        with (self._root / CA_BUNDLE.lstrip("/")).open("a") as bundle:
            bundle.write(self._options.authority)

    def _program(self) -> ManagedProgram:
        return ManagedProgram(
            name=self.name,
            arguments=control_groups.joining(
                control_groups.make(self._group),
                *self._network.inside("systemd-nspawn"),
                *("--quiet", "--boot", "--register=no", "--keep-unit", "--console=read-only"),
                *(f"--directory={self._root}", f"--machine={self.name}", "--link-journal=no", "--resolv-conf=off"),
                *("--timezone=off", f"--network-bridge={BRIDGE}"),
                f"--bind-ro={self._folder / 'hypervisor'}:/sys/hypervisor",
            ),
            log=self.console,
            environment={
                "PATH": os.environ.get("PATH", os.defpath),
                # systemd 257 refuses the old control groups, which is all that some machines have.
                "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
            },
            stop_signal=signal.SIGTERM,
        )

    def _init(self) -> int | None:
        """The pid, here, of its first process."""
        assert self._nspawn is not None
        try:
            for process in psutil.Process(self._nspawn.pid).children(recursive=True):
                if _pid_inside(process.pid) == 1 and process.name() == "systemd":
                    return int(process.pid)
        except psutil.NoSuchProcess:
            return None
        return None


def unmount(folder: Path) -> None:
    """Unmount a folder, if something is mounted there."""
    while os.path.ismount(folder):
        run(["umount", "--lazy", str(folder)])


def _pid_inside(pid: int) -> int | None:
    """A process's pid in its own namespace."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    inner = next((line for line in status.splitlines() if line.startswith("NSpid:")), "")
    return int(inner.split()[-1]) if len(inner.split()) > 2 else None
