"""Thousands of idle connections do not block other clients."""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

from services.environment import PortalEnvironment
from services.portal.server.gunicorn_server import PortalServer

from .people import registration
from .process import PortalProcess, PortalStarter

Opener = Callable[[PortalProcess, int], list[socket.socket]]


@pytest.fixture
def open_idle() -> Iterator[Opener]:
    """Open idle connections; close them after the test."""
    with ExitStack() as opened:

        def connect(portal: PortalProcess, count: int) -> list[socket.socket]:
            port = int(portal.url.rsplit(":", 1)[1])
            return [
                opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)) for _ in range(count)
            ]

        yield connect


@pytest.fixture
def limit_open_files() -> Iterator[Callable[[int], None]]:
    """Set the open-files limit of processes that are started from now on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda count: resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def sign_up(portal: PortalProcess) -> int:
    return requests.post(f"{portal.url}/api/auth/signup", json=registration(), timeout=60).status_code


def test_2500_idle_connections_do_not_block_requests(
    start_portal: PortalStarter, open_idle: Opener, limit_open_files: Callable[[int], None]
) -> None:
    limit_open_files(4096)
    portal = start_portal()
    portal.wait_until_healthy()
    # With gunicorn's thread per connection for five seconds, the request would wait minutes.
    idle = open_idle(portal, 2500)
    assert sign_up(portal) == 201
    # An idle connection can still send a request.
    idle[0].sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert idle[0].recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_longest_idle_connections_are_closed_at_the_limit(
    start_portal: PortalStarter, open_idle: Opener, limit_open_files: Callable[[int], None]
) -> None:
    limit_open_files(240)
    portal = start_portal()
    portal.wait_until_healthy()
    limit_open_files(4096)
    first, *_ = open_idle(portal, 1000)
    assert sign_up(portal) == 201
    assert first.recv(100) == b""
    assert portal.process.poll() is None


def test_connection_limit_is_below_the_open_files_limit(
    portal_environment: PortalEnvironment, limit_open_files: Callable[[int], None]
) -> None:
    limit_open_files(1024)
    assert PortalServer(portal_environment).cfg.worker_connections == 824
    limit_open_files(20_000)
    assert PortalServer(portal_environment).cfg.worker_connections == 4000
