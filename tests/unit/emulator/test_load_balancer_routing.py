"""The emulated load balancer: health checks, round-robin, connection reuse, draining, no retries."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from emulator.load_balancer import LoadBalancer
from workspace.ports import LOOPBACK


class Service:
    """A small web service that returns its name; it can be unhealthy or slow."""

    def __init__(self, name: str) -> None:
        self.name, self.status = name, 200
        self.release = threading.Event()
        self.started = threading.Event()
        self.connections: set[Any] = set()
        self.closed: set[Any] = set()
        self.changed = threading.Condition()
        self.paths: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.respond(b"")

            def do_POST(self) -> None:
                self.respond(self.rfile.read(int(self.headers["Content-Length"])))

            def respond(self, body: bytes) -> None:
                if self.path != "/health":
                    service.connections.add(self.client_address)
                    service.paths.append(self.path)
                if self.path == "/drop":
                    self.close_connection = True
                    return
                if self.path == "/slow":
                    service.started.set()
                    service.release.wait(20)
                text = service.name.encode() + body[-10:] + self.headers.get("X-Forwarded-For", "").encode()
                self.close_connection = self.path in ("/last", "/silent")
                self.send_response(service.status if self.path == "/health" else 200)
                self.send_header("Content-Length", str(len(text)))
                if self.path == "/last":
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def shutdown_request(self, request: Any) -> None:
                with suppress(OSError):
                    address = request.getpeername()
                    super().shutdown_request(request)
                    with service.changed:
                        service.closed.add(address)
                        service.changed.notify_all()

        self.server = Server((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_until_closed(self) -> None:
        """Wait until it has closed every connection with a request."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.connections <= self.closed, timeout=20)


@pytest.fixture
def services() -> Iterator[dict[str, Service]]:
    created = {name: Service(name) for name in ("one", "two")}
    yield created
    for service in created.values():
        service.release.set()
        service.server.shutdown()
        service.server.server_close()


@pytest.fixture
def balancer(services: dict[str, Service]) -> Iterator[LoadBalancer]:
    def connect(name: str) -> socket.socket:
        return socket.create_connection(services[name].server.server_address[:2])

    with LoadBalancer(connect, interval=0.05) as balancer:
        yield balancer


def get(balancer: LoadBalancer, path: str = "/") -> requests.Response:
    return requests.get(balancer.url + path, timeout=30)


def test_no_targets_returns_503(balancer: LoadBalancer) -> None:
    assert get(balancer).status_code == 503


def test_round_robin_with_x_forwarded_for(balancer: LoadBalancer) -> None:
    for name in ("one", "two"):
        balancer.register(name)
        assert balancer.wait_until_healthy(name, seconds=20)
    bodies = [get(balancer).text for _ in range(4)]
    assert sorted(bodies) == ["one127.0.0.1"] * 2 + ["two127.0.0.1"] * 2


def test_unhealthy_target_gets_no_requests(balancer: LoadBalancer, services: dict[str, Service]) -> None:
    services["two"].status = 503
    for name in ("one", "two"):
        balancer.register(name)
    assert balancer.wait_until_healthy("one", seconds=20)
    assert not balancer.wait_until_healthy("two", seconds=0.5)
    assert {get(balancer).text for _ in range(4)} == {"one127.0.0.1"}


def test_connections_to_targets_are_reused(balancer: LoadBalancer, services: dict[str, Service]) -> None:
    balancer.register("one")
    balancer.wait_until_healthy("one", seconds=20)
    for _ in range(5):
        assert get(balancer).status_code == 200
    assert len(services["one"].connections) == 1


@pytest.mark.parametrize("path", ["/last", "/silent"])
def test_closed_connection_is_not_reused(balancer: LoadBalancer, services: dict[str, Service], path: str) -> None:
    balancer.register("one")
    for _ in range(10):
        assert get(balancer, path).status_code == 200
        # A request may race with the target's close; this test is about later requests.
        services["one"].wait_until_closed()
    assert len(services["one"].connections) == 10


def test_large_body_arrives_complete(balancer: LoadBalancer) -> None:
    balancer.register("one")
    body = bytes(3_000_000) + b"0123456789"
    assert requests.post(balancer.url, data=body, timeout=30).text.startswith("one0123456789")


def test_dropped_request_returns_502_without_retry(balancer: LoadBalancer, services: dict[str, Service]) -> None:
    for name in ("one", "two"):
        balancer.register(name)
    assert get(balancer, "/drop").status_code == 502
    assert sum(service.paths.count("/drop") for service in services.values()) == 1


def test_draining_target_finishes_its_requests(balancer: LoadBalancer, services: dict[str, Service]) -> None:
    balancer.register("one")
    balancer.wait_until_healthy("one", seconds=20)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(get, balancer, "/slow")
        assert services["one"].started.wait(20)
        draining = pool.submit(balancer.deregister, "one", delay=20)
        services["one"].release.set()
        assert draining.result() is True
        assert slow.result().text == "one127.0.0.1"
    assert get(balancer).status_code == 503


def test_drain_ends_after_the_delay(balancer: LoadBalancer, services: dict[str, Service]) -> None:
    balancer.register("one")
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(get, balancer, "/slow")
        assert services["one"].started.wait(20)
        assert balancer.deregister("one", delay=0.1) is False
        services["one"].release.set()
        assert slow.result().status_code == 200
