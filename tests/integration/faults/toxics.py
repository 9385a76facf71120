"""A TCP proxy that simulates network faults, named like the toxics of toxiproxy.

https://github.com/Shopify/toxiproxy#toxics
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from types import TracebackType

from workspace.ports import LOOPBACK

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with timeout 0: close() sends RST


class Proxy:
    """Context manager with a proxy in front of a server.

    Args:
        upstream: port of the server on loopback.
    """

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._flowing = threading.Event()
        self._flowing.set()
        self._latency = 0.0
        self._resetting = False
        self._limit: int | None = None
        self._connections: set[socket.socket] = set()
        self._broken: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((LOOPBACK, 0))

    @property
    def port(self) -> int:
        """The port of the proxy."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._listener.close()
        self._flowing.set()
        self._reset_all()

    @contextlib.contextmanager
    def latency(self, seconds: float) -> Iterator[None]:
        """Delay all data."""
        self._latency = seconds
        yield
        self._latency = 0.0

    @contextlib.contextmanager
    def timeout(self) -> Iterator[None]:
        """Hold all data without closing connections, like an unplugged cable; deliver it afterwards."""
        self._flowing.clear()
        yield
        self._flowing.set()

    @contextlib.contextmanager
    def reset_peer(self) -> Iterator[None]:
        """Reset open and new connections."""
        self._resetting = True
        self._reset_all()
        yield
        self._resetting = False

    @contextlib.contextmanager
    def limit_data(self, count: int) -> Iterator[None]:
        """Reset new connections after ``count`` bytes from the server."""
        self._limit = count
        self._reset_all()
        yield
        self._limit = None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._resetting:
                _reset(client)
                continue
            try:
                server = socket.create_connection((LOOPBACK, self._upstream), timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._connections |= {client, server}
            for source, target, limit in ((client, server, None), (server, client, self._limit)):
                threading.Thread(target=self._pump, args=(source, target, limit), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                if self._latency:
                    time.sleep(self._latency)
                passed += len(data)
                if limit is not None and passed > limit:
                    target.sendall(data[: max(0, len(data) - (passed - limit))])
                    break
                target.sendall(data)
        self._flowing.wait()
        with self._lock:
            # Connections that were cut or exceeded the limit are reset instead of closed.
            broken = source in self._broken or (limit is not None and passed > limit)
            self._connections -= {source, target}
        for end in (source, target):
            (_reset if broken else _close)(end)

    def _reset_all(self) -> None:
        with self._lock:
            connections, self._connections = self._connections, set()
            self._broken |= connections
        for connection in connections:
            _reset(connection)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    # A thread blocked in recv() keeps the socket open; wake it first.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
    connection.close()
