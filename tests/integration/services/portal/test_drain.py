"""A portal that is told when it is ready and that stops under load: nobody's request fails."""

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


class Balancer:
    """Sends requests over kept connections until a health check is answered with anything but 200."""

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
        """Wait until it sends no more."""
        for thread in self._threads:
            thread.join()


class SlowUpload:
    """A request that has begun and is not ended yet."""

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
        """Send the rest; the first line of the answer."""
        with self._connection:
            self._connection.sendall(self._rest)
            return self._connection.recv(65536).split(b"\r\n")[0]


def token_of(portal: PortalProcess) -> str:
    account = registration()
    requests.post(f"{portal.url}/api/auth/signup", json=account, timeout=60)
    login = {"email": account["email"], "password": account["password1"]}
    return str(requests.post(f"{portal.url}/api/auth/login", json=login, timeout=60).json()["access_token"])


def test_systemd_is_told_of_start_and_stop_and_a_second_sigterm_ends_draining(
    start_portal: PortalStarter, listening: socket.socket
) -> None:
    portal = start_portal(variables={"NOTIFY_SOCKET": listening.getsockname()}, drain_seconds=3600)
    assert listening.recv(100) == b"READY=1"
    assert requests.get(f"{portal.url}/health", timeout=60).status_code == 200
    portal.process.send_signal(signal.SIGTERM)
    assert listening.recv(100) == b"STOPPING=1"
    while not portal.said("portal draining"):
        time.sleep(0.05)
    assert requests.get(f"{portal.url}/health", timeout=60).status_code == 503
    portal.process.send_signal(signal.SIGTERM)
    assert portal.process.wait(60) == 0
    listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.recv(100)


def test_a_portal_that_cannot_load_is_never_ready(start_portal: PortalStarter, listening: socket.socket) -> None:
    # Without a region no client of AWS can be made, so no worker ever serves.
    portal = start_portal(variables={"NOTIFY_SOCKET": listening.getsockname()}, aws_region="not a region")
    assert portal.process.wait(60) != 0
    listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.recv(100)


def test_no_request_fails_when_it_stops_under_load(start_portal: PortalStarter) -> None:
    portal = start_portal(drain_seconds=4)
    portal.wait_until_it_answers()
    upload = SlowUpload(portal.url, token_of(portal))
    balancer = Balancer(portal.url)
    while len(balancer.answers) < 50:
        time.sleep(0.05)
    portal.process.send_signal(signal.SIGTERM)
    balancer.wait()
    # It serves on, whoever still asks.
    assert requests.get(portal.url + LIST, timeout=60).status_code == 200
    while not portal.said("portal finishes its last requests"):
        time.sleep(0.1)
    # The request in flight is still waited for.
    assert upload.finish() == b"HTTP/1.1 400 BAD REQUEST"
    assert portal.process.wait(60) == 0
    assert set(balancer.answers) == {200}


def test_a_stopping_portal_waits_as_long_as_a_request_may_take(portal_environment: PortalEnvironment) -> None:
    settings = PortalServer(portal_environment).cfg
    assert settings.graceful_timeout == PORTAL_REQUEST_SECONDS
    # The load balancer gives up a quiet connection, and an answer, after its idle timeout.
    assert settings.keepalive == PORTAL_KEEP_ALIVE_SECONDS > PORTAL_REQUEST_SECONDS
    assert WebService.NOTICE.total_seconds() < PORTAL_REQUEST_SECONDS
