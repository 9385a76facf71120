"""The load balancer of the boot lane: health, turns, connections used again, draining; never a request twice."""

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
    """A small web service that says its name; it can be sick, or slow on purpose."""

    def __init__(self, name: str) -> None:
        self.name, self.status = name, 200
        self.go_on = threading.Event()
        self.started = threading.Event()
        self.connections: set[Any] = set()
        self.closed: set[Any] = set()
        self.changed = threading.Condition()
        self.seen: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.answer(b"")

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

            def answer(self, body: bytes) -> None:
                if self.path != "/health":
                    service.connections.add(self.client_address)
                    service.seen.append(self.path)
                if self.path == "/drop":
                    self.close_connection = True
                    return
                if self.path == "/slow":
                    service.started.set()
                    service.go_on.wait(20)
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
        """Wait until it has closed every connection that a request came by."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.connections <= self.closed, timeout=20)


@pytest.fixture
def services() -> Iterator[dict[str, Service]]:
    made = {name: Service(name) for name in ("one", "two")}
    yield made
    for service in made.values():
        service.go_on.set()
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


def test_without_targets_it_is_unavailable(balancer: LoadBalancer) -> None:
    assert get(balancer).status_code == 503


def test_healthy_targets_take_turns_and_learn_who_asked(balancer: LoadBalancer) -> None:
    for name in ("one", "two"):
        balancer.register(name)
        assert balancer.wait_until_healthy(name, seconds=20)
    answers = [get(balancer).text for _ in range(4)]
    assert sorted(answers) == ["one127.0.0.1"] * 2 + ["two127.0.0.1"] * 2


def test_a_sick_target_gets_nothing(balancer: LoadBalancer, services: dict[str, Service]) -> None:
    services["two"].status = 503
    for name in ("one", "two"):
        balancer.register(name)
    assert balancer.wait_until_healthy("one", seconds=20)
    assert not balancer.wait_until_healthy("two", seconds=0.5)
    assert {get(balancer).text for _ in range(4)} == {"one127.0.0.1"}


def test_connections_to_targets_are_used_again(balancer: LoadBalancer, services: dict[str, Service]) -> None:
    balancer.register("one")
    balancer.wait_until_healthy("one", seconds=20)
    for _ in range(5):
        assert get(balancer).status_code == 200
    assert len(services["one"].connections) == 1


@pytest.mark.parametrize("path", ["/last", "/silent"])
def test_a_connection_its_target_has_closed_is_not_used_again(
    balancer: LoadBalancer, services: dict[str, Service], path: str
) -> None:
    balancer.register("one")
    for _ in range(10):
        assert get(balancer, path).status_code == 200
        # A request may cross the target's silent end on its way; this is about those that come after it.
        services["one"].wait_until_closed()
    assert len(services["one"].connections) == 10


def test_bodies_pass_whole(balancer: LoadBalancer) -> None:
    balancer.register("one")
    body = bytes(3_000_000) + b"0123456789"
    assert requests.post(balancer.url, data=body, timeout=30).text.startswith("one0123456789")


def test_a_request_its_target_drops_is_a_bad_gateway_and_not_sent_again(
    balancer: LoadBalancer, services: dict[str, Service]
) -> None:
    for name in ("one", "two"):
        balancer.register(name)
    assert get(balancer, "/drop").status_code == 502
    assert sum(service.seen.count("/drop") for service in services.values()) == 1


def test_a_leaving_target_finishes_what_it_has(balancer: LoadBalancer, services: dict[str, Service]) -> None:
    balancer.register("one")
    balancer.wait_until_healthy("one", seconds=20)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(get, balancer, "/slow")
        assert services["one"].started.wait(20)
        leaving = pool.submit(balancer.deregister, "one", delay=20)
        services["one"].go_on.set()
        assert leaving.result() is True
        assert slow.result().text == "one127.0.0.1"
    assert get(balancer).status_code == 503


def test_a_target_that_does_not_finish_is_left(balancer: LoadBalancer, services: dict[str, Service]) -> None:
    balancer.register("one")
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(get, balancer, "/slow")
        assert services["one"].started.wait(20)
        assert balancer.deregister("one", delay=0.1) is False
        services["one"].go_on.set()
        assert slow.result().status_code == 200
