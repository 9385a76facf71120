"""Toxics of the proxy."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.integration.faults.toxics import Proxy


@pytest.fixture
def echo() -> Iterator[int]:
    """An echo server."""

    def echo_back(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65536):
                connection.sendall(data)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo_back, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    with Proxy(echo) as proxy:
        yield proxy


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=30)


def test_without_toxics_all_data_passes(proxy: Proxy) -> None:
    with connect(proxy) as client:
        client.sendall(b"x" * 1_000_000)
        received = 0
        while received < 1_000_000:
            received += len(client.recv(65536))


def test_latency_delays_data(proxy: Proxy) -> None:
    with connect(proxy) as client, proxy.latency(0.2):
        started = time.monotonic()
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        assert time.monotonic() - started >= 0.4


def test_timeout_holds_data_until_it_ends(proxy: Proxy) -> None:
    with connect(proxy) as client:
        with proxy.timeout():
            client.sendall(b"x")
            client.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.recv(1)
        client.settimeout(30)
        assert client.recv(1) == b"x"


def test_reset_peer_resets_open_and_new_connections(proxy: Proxy) -> None:
    with connect(proxy) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        with proxy.reset_peer():
            with pytest.raises(ConnectionResetError):
                client.recv(1)
            with pytest.raises(ConnectionError), connect(proxy) as another:
                another.sendall(b"x")
                another.recv(1)
    with connect(proxy) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"


def test_limit_data_truncates_reply(proxy: Proxy) -> None:
    with proxy.limit_data(3), connect(proxy) as client:
        client.sendall(b"12345")
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := client.recv(65536):
                received += data
        # A reset may discard data received before it.
        assert received in (b"", b"123")
