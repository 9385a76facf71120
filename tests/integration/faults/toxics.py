"""A TCP proxy that does to connections what networks do; its toxics are called as toxiproxy's.

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

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close() sends RST


class Proxy:
    """Stands between programs and a server, for the length of a block.

    Args:
        upstream: the server's port on loopback.
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
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._listener.close()
        self._flowing.set()
        self._cut()

    @contextlib.contextmanager
    def latency(self, seconds: float) -> Iterator[None]:
        """Every piece of data is late."""
        self._latency = seconds
        yield
        self._latency = 0.0

    @contextlib.contextmanager
    def timeout(self) -> Iterator[None]:
        """Nothing comes through and nothing is closed, as when a cable is pulled; afterwards it all arrives."""
        self._flowing.clear()
        yield
        self._flowing.set()

    @contextlib.contextmanager
    def reset_peer(self) -> Iterator[None]:
        """Connections are reset, those there are and each new one."""
        self._resetting = True
        self._cut()
        yield
        self._resetting = False

    @contextlib.contextmanager
    def limit_data(self, count: int) -> Iterator[None]:
        """New connections are reset after so many bytes from the server."""
        self._limit = count
        self._cut()
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
            # Who was cut meanwhile, or told enough, must not be said goodbye to in order.
            broken = source in self._broken or (limit is not None and passed > limit)
            self._connections -= {source, target}
        for end in (source, target):
            (_reset if broken else _close)(end)

    def _cut(self) -> None:
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
    # A thread that waits in recv() keeps the socket open; it is woken first.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
    connection.close()
