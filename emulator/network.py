"""A network that leads nowhere: a bridge in a namespace of its own, to which machines are wired.

Neither the bridge nor a machine has a route to anything else, and no packet is forwarded for them. What they may
reach is served from sockets that the harness opens inside the namespace.
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
"""What machines are plugged into."""

_CARD = "02:00:00:00:00:01"
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_NAMESPACES = Path("/run/netns")


class NetworkNamespace:
    """The network of the machines of one run.

    Args:
        name: of its namespace, unique on this machine.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> NetworkNamespace:
        run(["ip", "netns", "add", self.name])
        try:
            self._ip("link", "set", "lo", "up")
            # Without an address of its own it has that of a machine, and another once that machine is gone.
            self._ip("link", "add", BRIDGE, "address", _CARD, "type", "bridge")
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
        """Remove the namespace with everything in it."""
        remove_namespace(self.name)

    def add_address(self, address: str) -> None:
        """Give the harness one more address on the bridge."""
        self._ip("addr", "add", f"{address}/{SUBNET.prefixlen}", "dev", BRIDGE)

    def inside(self, *command: str) -> list[str]:
        """A command line that runs a program in this network."""
        return ["nsenter", f"--net={_NAMESPACES / self.name}", *command]

    def listener(self, address: str, port: int) -> socket.socket:
        """A listening socket inside the network, served by this process."""
        with self._inside():
            return socket.create_server((address, port), backlog=128)

    def socket(self) -> socket.socket:
        """A TCP socket inside the network, to connect to a machine."""
        with self._inside():
            return socket.socket()

    def _ip(self, *arguments: str) -> None:
        run(["ip", "-n", self.name, *arguments])

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        """Sockets that this thread makes meanwhile belong to the network; the thread comes back afterwards."""
        with open("/proc/thread-self/ns/net") as home, open(_NAMESPACES / self.name) as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())


def remove_namespace(name: str) -> None:
    """Remove a network namespace with everything in it, if it is there."""
    if (_NAMESPACES / name).exists():
        run(["ip", "netns", "delete", name])


def namespaces(prefix: str) -> list[str]:
    """The names of this machine's network namespaces that begin with the prefix."""
    return sorted(each.name for each in _NAMESPACES.glob(f"{prefix}*")) if _NAMESPACES.exists() else []


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "setns")
