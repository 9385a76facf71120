"""A machine: Debian 13 in a systemd-nspawn container, booted as EC2 boots an instance."""

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

# UUID of a Xen-based EC2 instance. cloud-init reads it in a container too, where it ignores the BIOS.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html
_HYPERVISOR = "ec2e1916-9099-7caf-fd21-012345abcdef\n"

# On EC2, cloud-init gets the address by DHCP before its first request.
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
# A type-level drop-in: of two environment files, the later one wins.
# https://www.freedesktop.org/software/systemd/man/257/systemd.exec.html#EnvironmentFile=
_OVERRIDES_FILE = "etc/machine-overrides"
_OVERRIDES = f"[Service]\nEnvironmentFile=-/{_OVERRIDES_FILE}\n"
_MANAGER = f"[Manager]\nDefaultEnvironment=AWS_CA_BUNDLE={CA_BUNDLE} SSL_CERT_FILE={CA_BUNDLE}\n"


@dataclass(frozen=True, kw_only=True)
class MachineOptions:
    """Options of a machine.

    Args:
        name: Name on this computer and on the network.
        address: IP address on the network.
        hosts: Addresses by host name; no other names resolve.
        authority: Certificate of the trusted certificate authority, in PEM.
        overrides: Variables that override those in the environment files of all services.
    """

    name: str
    address: str
    hosts: Mapping[str, str] = field(default_factory=dict)
    authority: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict)


class Machine:
    """A machine on an overlay above a shared, unmodified root.

    Args:
        root: Root file system from `ensure_root`.
        folder: Folder for its writable layer and `console.log`.
        network: Network that it is attached to.
        options: Options of the machine.
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
        """Start booting; does not wait."""
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
        """Whether the machine is running."""
        return self._nspawn is not None and psutil.pid_exists(self._nspawn.pid) and self._init() is not None

    def execute(self, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine as root.

        Args:
            command: Program and arguments.
            timeout: Timeout in seconds.
        """
        init = self._init()
        if init is None:
            raise UserError(f"Machine {self.name} is not running.\n{last_lines(self.console, 30)}")
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

    def wait_until(self, ready: Callable[[], bool], *, condition: str, seconds: float) -> None:
        """Wait until a condition holds.

        Args:
            ready: Condition, checked ten times a second.
            condition: Text of the condition, for the error.
            seconds: Timeout in seconds.

        Raises:
            ProcessEnded: The machine ended first.
            TimeoutError: The condition did not hold in time.
        """
        assert self._nspawn is not None
        deadline = time.monotonic() + seconds
        while not ready():
            self._nspawn.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: not after {seconds:g} s: {condition}\n{last_lines(self.console, 40)}")
            time.sleep(0.1)

    def wait_for_user_data(self, *, seconds: float = 180) -> str:
        """Wait until cloud-init has finished.

        Returns:
            Status of cloud-init: "done" or "error".
        """
        status = ""

        def has_finished() -> bool:
            nonlocal status
            if self._init() is not None:
                text = self.execute("cloud-init", "status").stdout
                status = text.partition("status:")[2].strip()
            return status in ("done", "error", "disabled")

        self.wait_until(has_finished, condition="cloud-init has finished", seconds=seconds)
        return status

    def user_data_output(self) -> str:
        """Return the output of the user data so far."""
        file = self._root / "var/log/cloud-init-output.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def journal(self, *arguments: str) -> str:
        """Return the journal.

        Args:
            arguments: Arguments of journalctl, such as a unit.
        """
        return self.execute("journalctl", "--no-pager", "--output=short-precise", *arguments).stdout

    def power_off(self, *, seconds: float = 90) -> None:
        """Shut down as EC2 does before it terminates an instance: services get SIGTERM."""
        if self._nspawn:
            self._nspawn.stop(grace_seconds=seconds)
            self._nspawn = None

    def stop(self) -> None:
        """Kill the machine and delete everything but its logs."""
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
        hosts = {"localhost": "127.0.0.1", **self._options.hosts}
        texts = {
            "etc/systemd/system/card.service": _CARD.format(
                address=self.address, prefix=SUBNET.prefixlen, metadata=METADATA_ADDRESS
            ),
            "etc/hosts": "".join(f"{address} {name}\n" for name, address in hosts.items()),
            "etc/systemd/journald.conf.d/console.conf": _JOURNAL,
            "etc/systemd/system.conf.d/authority.conf": _MANAGER,
            "etc/systemd/system/service.d/overrides.conf": _OVERRIDES,
            _OVERRIDES_FILE: "".join(f"{name}={value}\n" for name, value in self._options.overrides.items()),
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
            arguments=control_groups.run_in(
                control_groups.create(self._group),
                *self._network.command_inside("systemd-nspawn"),
                *("--quiet", "--boot", "--register=no", "--keep-unit", "--console=read-only"),
                *(f"--directory={self._root}", f"--machine={self.name}", "--link-journal=no", "--resolv-conf=off"),
                *("--timezone=off", f"--network-bridge={BRIDGE}"),
                f"--bind-ro={self._folder / 'hypervisor'}:/sys/hypervisor",
            ),
            log=self.console,
            environment={
                "PATH": os.environ.get("PATH", os.defpath),
                # systemd 257 rejects control groups version 1, the default on some machines.
                "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
            },
            stop_signal=signal.SIGTERM,
        )

    def _init(self) -> int | None:
        """Return the host's PID of the machine's init process."""
        assert self._nspawn is not None
        try:
            for process in psutil.Process(self._nspawn.pid).children(recursive=True):
                if _pid_inside(process.pid) == 1 and process.name() == "systemd":
                    return int(process.pid)
        except psutil.NoSuchProcess:
            return None
        return None


def unmount(folder: Path) -> None:
    """Unmount a folder if it is a mount point."""
    while os.path.ismount(folder):
        run(["umount", "--lazy", str(folder)])


def _pid_inside(pid: int) -> int | None:
    """Return a process's PID in its own namespace."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    inner = next((line for line in status.splitlines() if line.startswith("NSpid:")), "")
    return int(inner.split()[-1]) if len(inner.split()) > 2 else None
