"""Connections in numbers: those that say nothing keep nobody out."""

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
def open_silent() -> Iterator[Opener]:
    """Opens connections that say nothing, and closes them after the test."""
    with ExitStack() as opened:

        def connect(portal: PortalProcess, count: int) -> list[socket.socket]:
            port = int(portal.url.rsplit(":", 1)[1])
            return [
                opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)) for _ in range(count)
            ]

        yield connect


@pytest.fixture
def files() -> Iterator[Callable[[int], None]]:
    """Says how many files a process started from now on may open."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda count: resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))
    resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


def sign_up(portal: PortalProcess) -> int:
    return requests.post(f"{portal.url}/api/auth/signup", json=registration(), timeout=60).status_code


def test_more_than_a_thousand_silent_connections_keep_nobody_out(
    start_portal: PortalStarter, open_silent: Opener, files: Callable[[int], None]
) -> None:
    files(4096)
    portal = start_portal()
    portal.wait_until_healthy()
    # Were each given a thread for five seconds, as gunicorn does, the request's turn would come after minutes.
    silent = open_silent(portal, 2500)
    assert sign_up(portal) == 201
    # They may speak whenever they like.
    silent[0].sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert silent[0].recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_longest_silent_make_room_where_no_more_can_be_held(
    start_portal: PortalStarter, open_silent: Opener, files: Callable[[int], None]
) -> None:
    files(240)
    portal = start_portal()
    portal.wait_until_healthy()
    files(4096)
    first, *_ = open_silent(portal, 1000)
    assert sign_up(portal) == 201
    assert first.recv(100) == b""
    assert portal.process.poll() is None


def test_a_process_holds_fewer_connections_than_it_may_open_files(
    portal_environment: PortalEnvironment, files: Callable[[int], None]
) -> None:
    files(1024)
    assert PortalServer(portal_environment).cfg.worker_connections == 824
    files(20_000)
    assert PortalServer(portal_environment).cfg.worker_connections == 4000
