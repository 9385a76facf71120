"""An isolated network: a bridge in its own network namespace, to which machines are attached.

The bridge and the machines have no route out, and packets are not forwarded. Reachable services are sockets that the
harness opens inside the namespace.
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from emulator.system import run

SUBNET = ipaddress.ip_network("10.0.0.0/24")
GATEWAY = str(SUBNET[1])
METADATA_ADDRESS = "169.254.169.254"
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html"""

BRIDGE = "bridge"
"""Name of the bridge that machines are attached to."""

_MAC = "02:00:00:00:00:01"
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_NAMESPACES = Path("/run/netns")


class NetworkNamespace:
    """The network of the machines of one run.

    Args:
        name: Name of its namespace, unique on this computer.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> NetworkNamespace:
        run(["ip", "netns", "add", self.name])
        try:
            self._ip("link", "set", "lo", "up")
            # Without a fixed MAC, the bridge takes over a machine's and changes it when that machine leaves.
            self._ip("link", "add", BRIDGE, "address", _MAC, "type", "bridge")
            self._ip("addr", "add", f"{GATEWAY}/{SUBNET.prefixlen}", "dev", BRIDGE)
            self._ip("addr", "add", f"{METADATA_ADDRESS}/32", "dev", BRIDGE)
            self._ip("link", "set", BRIDGE, "up")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the namespace with everything in it."""
        remove_namespace(self.name)

    def add_address(self, address: str) -> None:
        """Add an address of the harness to the bridge."""
        self._ip("addr", "add", f"{address}/{SUBNET.prefixlen}", "dev", BRIDGE)

    def command_inside(self, *command: str) -> list[str]:
        """Return a command line that runs a program in this network."""
        return ["nsenter", f"--net={_NAMESPACES / self.name}", *command]

    def listener(self, address: str, port: int) -> socket.socket:
        """Open a listening socket inside the network."""
        with self._inside():
            return socket.create_server((address, port), backlog=128)

    def socket(self) -> socket.socket:
        """Open a TCP socket inside the network, to connect to a machine."""
        with self._inside():
            return socket.socket()

    def _ip(self, *arguments: str) -> None:
        run(["ip", "-n", self.name, *arguments])

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        """Move this thread into the network during the block; new sockets belong to the network."""
        with open("/proc/thread-self/ns/net") as original, open(_NAMESPACES / self.name) as target:
            _enter(target.fileno())
            try:
                yield
            finally:
                _enter(original.fileno())


def remove_namespace(name: str) -> None:
    """Delete a network namespace with everything in it, if it exists."""
    if (_NAMESPACES / name).exists():
        run(["ip", "netns", "delete", name])


def namespaces(prefix: str) -> list[str]:
    """List this computer's network namespaces by prefix."""
    return sorted(each.name for each in _NAMESPACES.glob(f"{prefix}*")) if _NAMESPACES.exists() else []


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "setns")
