"""Readiness notification, and graceful shutdown under load without failed requests."""

from __future__ import annotations

import signal
import socket
import threading
import time

import pytest
import requests

from constructs_lib import WebService
from services.environment import PORTAL_KEEP_ALIVE_SECONDS, PORTAL_REQUEST_SECONDS, PortalEnvironment
from services.portal.server.gunicorn_server import PortalServer

from .people import registration
from .process import PortalProcess, PortalStarter

LIST = "/api/public/videos"


class BalancerTraffic:
    """Send requests over keep-alive connections until a health check returns anything but 200."""

    def __init__(self, url: str, clients: int = 6) -> None:
        self._url = url
        self._closed = threading.Event()
        self.answers: list[int | str] = []
        self._threads = [threading.Thread(target=self._send) for _ in range(clients)]
        self._threads.append(threading.Thread(target=self._check))
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        with requests.Session() as session:
            while not self._closed.is_set():
                try:
                    self.answers.append(session.get(self._url + LIST, timeout=60).status_code)
                except requests.RequestException as error:
                    self.answers.append(repr(error))

    def _check(self) -> None:
        try:
            while requests.get(f"{self._url}/health", timeout=60).status_code == 200:
                time.sleep(0.1)
        except requests.RequestException as error:
            self.answers.append(repr(error))
        self._closed.set()

    def wait(self) -> None:
        """Wait until all threads stop sending."""
        for thread in self._threads:
            thread.join()


class SlowUpload:
    """A request whose body is only partly sent."""

    def __init__(self, url: str, token: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._connection = socket.create_connection((host, int(port)), timeout=60)
        body = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nTriple doble\r\n--x--\r\n'
        self._rest = body[10:]
        head = (
            f"POST /api/videos/upload HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._connection.sendall(head.encode() + body[:10])

    def finish(self) -> bytes:
        """Send the rest of the body; return the status line."""
        with self._connection:
            self._connection.sendall(self._rest)
            return self._connection.recv(65536).split(b"\r\n")[0]


def sign_up_and_in(portal: PortalProcess) -> str:
    account = registration()
    requests.post(f"{portal.url}/api/auth/signup", json=account, timeout=60)
    login = {"email": account["email"], "password": account["password1"]}
    return str(requests.post(f"{portal.url}/api/auth/login", json=login, timeout=60).json()["access_token"])


def test_systemd_is_notified_and_second_sigterm_ends_draining(
    start_portal: PortalStarter, listening: socket.socket
) -> None:
    portal = start_portal(variables={"NOTIFY_SOCKET": listening.getsockname()}, drain_seconds=3600)
    assert listening.recv(100) == b"READY=1"
    assert requests.get(f"{portal.url}/health", timeout=60).status_code == 200
    portal.process.send_signal(signal.SIGTERM)
    assert listening.recv(100) == b"STOPPING=1"
    while not portal.log_lines("portal draining"):
        time.sleep(0.05)
    assert requests.get(f"{portal.url}/health", timeout=60).status_code == 503
    portal.process.send_signal(signal.SIGTERM)
    assert portal.process.wait(60) == 0
    listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.recv(100)


def test_portal_that_fails_to_load_never_notifies_ready(start_portal: PortalStarter, listening: socket.socket) -> None:
    # No AWS client can be created for an invalid region, so no worker ever serves.
    portal = start_portal(variables={"NOTIFY_SOCKET": listening.getsockname()}, aws_region="not a region")
    assert portal.process.wait(60) != 0
    listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.recv(100)


def test_shutdown_under_load_fails_no_request(start_portal: PortalStarter) -> None:
    portal = start_portal(drain_seconds=4)
    portal.wait_until_healthy()
    upload = SlowUpload(portal.url, sign_up_and_in(portal))
    balancer = BalancerTraffic(portal.url)
    while len(balancer.answers) < 50:
        time.sleep(0.05)
    portal.process.send_signal(signal.SIGTERM)
    balancer.wait()
    # A draining portal still serves requests.
    assert requests.get(portal.url + LIST, timeout=60).status_code == 200
    while not portal.log_lines("portal finishes its last requests"):
        time.sleep(0.1)
    # The portal waits for the request in flight.
    assert upload.finish() == b"HTTP/1.1 400 BAD REQUEST"
    assert portal.process.wait(60) == 0
    assert set(balancer.answers) == {200}


def test_graceful_timeout_covers_the_longest_request(portal_environment: PortalEnvironment) -> None:
    settings = PortalServer(portal_environment).cfg
    assert settings.graceful_timeout == PORTAL_REQUEST_SECONDS
    # The load balancer drops idle connections and pending responses after its idle timeout.
    assert settings.keepalive == PORTAL_KEEP_ALIVE_SECONDS > PORTAL_REQUEST_SECONDS
    assert WebService.UNHEALTHY_AFTER.total_seconds() < PORTAL_REQUEST_SECONDS
